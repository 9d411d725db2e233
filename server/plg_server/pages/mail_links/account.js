"use strict";

// The link's token stands behind the #, which no server and no log gets to see; it goes out only when the button is pressed,
// so a mail scanner that opens links uses nothing up.
const TEXTS = {
  en: {
    verify: ["Confirm your address", "Is this e-mail address yours?", "Confirm", "The address is confirmed."],
    reset: ["Choose a new password", "Every login of the account will end.", "Set the password", "The password is set. Log in with it."],
    undo: ["Take the old address back", "Every login of the account will end.", "Take it back",
      "The old address is back. Choose a new password now: plg account forgot"],
    password: "New password, at least 10 characters",
    code_refused: "This link has ended or was used already. Ask for a new e-mail.",
    email_taken: "This address belongs to another account by now.",
    rate_limited: "Too many tries. Try again in a minute.",
    failed: "That did not work. Try again in a minute.",
    nothing: "This link is not whole. Open it again from the e-mail.",
  },
  ru: {
    verify: ["Подтвердите адрес", "Это ваш адрес электронной почты?", "Подтвердить", "Адрес подтверждён."],
    reset: ["Задайте новый пароль", "Все входы в учётную запись завершатся.", "Задать пароль", "Пароль задан. Войдите с ним."],
    undo: ["Верните прежний адрес", "Все входы в учётную запись завершатся.", "Вернуть",
      "Прежний адрес возвращён. Теперь задайте новый пароль: plg account forgot"],
    password: "Новый пароль, не короче 10 знаков",
    code_refused: "Ссылка больше не действует или уже использована. Запросите новое письмо.",
    email_taken: "Этот адрес уже принадлежит другой учётной записи.",
    rate_limited: "Слишком много попыток. Повторите через минуту.",
    failed: "Не получилось. Повторите через минуту.",
    nothing: "Ссылка неполная. Откройте её ещё раз из письма.",
  },
};
const ROUTES = { verify: "/v1/auth/verify-link", reset: "/v1/auth/reset", undo: "/v1/auth/undo-email" };

const language = navigator.language.toLowerCase().startsWith("ru") ? "ru" : "en";
const texts = TEXTS[language];
const purpose = location.pathname.split("/").pop();
const token = location.hash.slice(1);
const [title, question, button, done] = texts[purpose];
const part = (id) => document.getElementById(id);

document.documentElement.lang = language;
document.title = title;
part("title").textContent = title;
part("question").textContent = question;
part("go").textContent = button;
part("password-label").textContent = texts.password;
part("password-field").hidden = purpose !== "reset";
part("password").required = purpose === "reset";
if (token) {
  part("form").hidden = false;
  // It shall not stay in the browser's history.
  history.replaceState(null, "", location.pathname);
} else {
  part("answer").textContent = texts.nothing;
}

part("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  part("go").disabled = true;
  const body = { code: token };
  if (purpose === "reset") body.new_password = part("password").value;
  let outcome = "failed";
  try {
    const reply = await fetch(ROUTES[purpose], {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    outcome = reply.ok ? "done" : (await reply.json()).code;
  } catch {
    // No connection: what stands in `outcome` is true.
  }
  part("answer").textContent = outcome === "done" ? done : texts[outcome] ?? texts.failed;
  part("form").hidden = outcome === "done" || outcome === "code_refused";
  part("go").disabled = false;
});
