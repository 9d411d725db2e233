"use strict";

// Keeps the status page fresh while somebody looks at it, and leaves alone what they are reading or have opened.

const area = document.getElementById("status-now");
const pauseMs = Number(area.dataset.refreshS) * 1000;

const refresh = async () => {
  const busy = area.contains(document.activeElement) || area.querySelector("details[open]") || String(getSelection());
  if (document.hidden || busy) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(pauseMs) });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("status-now");
  if (!fresh) return;
  for (const time of fresh.querySelectorAll("time[datetime*='T']")) {
    time.title = time.textContent;
    time.textContent = new Date(time.dateTime).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  }
  area.replaceChildren(...fresh.childNodes);
};

// A network that is away is tried again at the next turn: the page says of when it is.
const turn = () => refresh().catch(() => undefined);
setInterval(turn, pauseMs);
document.addEventListener("visibilitychange", turn);
