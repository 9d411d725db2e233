"use strict";

// The list of games follows what is typed; without scripts the button does it. The server makes the same HTML either way.
const PAUSE_MS = 250;
const form = document.querySelector("#search");
const found = document.querySelector("#found");
if (form && found) {
  let timer = 0;
  let asking = null;
  const show = async () => {
    const fields = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...fields]) if (!value) fields.delete(name);
    const address = `${form.getAttribute("action")}${fields.size ? `?${fields}` : ""}`;
    asking?.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(address, { signal: asking.signal, headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      // Each keeps its element: what reads the page aloud tells the new count.
      for (const id of ["#count", "#found"]) {
        document.querySelector(id).replaceChildren(...page.querySelector(id).childNodes);
      }
      history.replaceState(null, "", address);
    } catch (error) {
      if (error.name !== "AbortError") form.dataset.offline = "yes";
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE_MS);
  });
}
