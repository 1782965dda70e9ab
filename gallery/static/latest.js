// Keeps the latest photo latest: asks for this same page (a 304 when nothing changed) and takes over what differs.
// The words come from the server, so there is one place that decides them. Time never goes backwards on a page.

const EVERY = 30_000;
const PATIENCE = 15_000;

const parts = (page) => [...page.querySelectorAll("[data-live]")];
const takenAt = (page) => Date.parse(page.querySelector("time[data-live]")?.dateTime) || 0;

async function fetchPage() {
  const answer = await fetch(location.pathname, { cache: "no-cache", signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw new Error(`the site answered ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

async function load(image) {
  const ready = new Image();
  ready.sizes = image.sizes;
  ready.srcset = image.srcset;
  ready.src = image.getAttribute("src");
  await ready.decode();
}

function take(current, next) {
  for (const { name, value } of next.attributes) {
    if (current.getAttribute(name) !== value) current.setAttribute(name, value);
  }
  const words = !next.querySelector("[data-live]");
  if (words && current.innerHTML !== next.innerHTML && !current.contains(document.activeElement?.closest("li"))) {
    current.replaceChildren(...next.childNodes);
  }
}

async function refresh() {
  const next = await fetchPage();
  if (takenAt(next) < takenAt(document)) return;
  if (takenAt(next) > takenAt(document)) await load(next.querySelector("img[data-live]"));
  const [ours, theirs] = [parts(document), parts(next)];
  if (ours.length !== theirs.length) return location.reload();
  ours.forEach((current, index) => take(current, theirs[index]));
}

function sayOffline() {
  const note = document.querySelector("[data-offline]");
  note.textContent = note.dataset.offline;
  note.className = "note late";
}

let busy = false;

async function tick() {
  if (busy || document.hidden) return;
  busy = true;
  await refresh().catch(sayOffline);
  busy = false;
}

setInterval(tick, EVERY);
document.addEventListener("visibilitychange", tick);
