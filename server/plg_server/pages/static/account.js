"use strict";

// What the pages of an account are better with; all of them work without it.

// The token of an e-mail's link stands behind the #: it goes into the form, and out of the address and the history.
const code = document.querySelector("[data-code-field] input");
if (code && location.hash.length > 1) {
  code.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname + location.search);
  document.querySelector("[data-code-field]").hidden = true;
  document.querySelector("[data-link-came]").hidden = false;
}

// A payment that is waited for: the page is looked at again, and shown anew once it says something else.
const LOOK_EVERY_MS = 5000;
const payment = document.querySelector("[data-payment-state='waiting']");
if (payment) {
  const look = async () => {
    try {
      const reply = await fetch(location.href, { headers: { Accept: "text/html" } });
      const seen = new DOMParser().parseFromString(await reply.text(), "text/html").querySelector("[data-payment-state]");
      if (reply.ok && seen && seen.dataset.paymentState !== "waiting") {
        location.reload();
        return;
      }
    } catch {
      // No connection: the next look may have one.
    }
    setTimeout(look, LOOK_EVERY_MS);
  };
  setTimeout(look, LOOK_EVERY_MS);
}

// Buttons that need a second thought say what they do.
for (const print of document.querySelectorAll("button[data-print]")) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
