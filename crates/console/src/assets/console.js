// What pages do by themselves. Everything works without it; what would not is shown only where it runs.
"use strict";
document.documentElement.classList.add("js");

const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// A secret that was just made.
const secret = find("#secret");
if (secret) {
  const said = find("#copied");
  find("#copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(secret.textContent);
      said.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(secret);
      said.textContent = document.execCommand("copy") ? "Copied" : "Selected: copy it with your keyboard";
    }
  });
  find("#download").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([secret.textContent + "\n"], { type: "text/plain" }));
    const name = secret.dataset.name.normalize("NFKD").replace(/[^A-Za-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
    link.download = `${name || "api-token"}.secret.txt`;
    link.click();
    URL.revokeObjectURL(link.href);
    said.textContent = "Saved; keep the file safe";
  });
}

// The table of permissions: rows and columns to tick at once, a search, a count.
const matrix = find(".matrix");
if (matrix) {
  const boxes = () => all("input:not(:disabled)", matrix);
  const count = find("#count");
  const recount = () => {
    const ticked = all("input:checked", matrix).length;
    count.textContent = `${ticked} of ${all("input", matrix).length} chosen`;
  };
  const press = (head, words, chosen) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = words;
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const these = chosen().filter((box) => !box.closest("tr").hidden);
      const tick = !these.every((box) => box.checked);
      for (const box of these) box.checked = tick;
      recount();
    });
  };
  for (const row of all("tbody tr", matrix)) {
    press(find("th", row), "Choose the whole row", () => all("input:not(:disabled)", row));
  }
  for (const head of all("thead th[data-verb]", matrix)) {
    const cells = `td[data-verb="${CSS.escape(head.dataset.verb)}"] input`;
    press(head, "Choose the whole column", () => boxes().filter((box) => box.matches(cells)));
  }
  matrix.addEventListener("change", recount);
  find("#find-permission").addEventListener("input", (event) => {
    const words = event.target.value.trim().toLowerCase().split(/\s+/);
    for (const row of all("tbody tr", matrix)) {
      row.hidden = !words.every((word) => row.dataset.find.includes(word));
    }
  });
  // Looking for something is no reason to send the form.
  find("#find-permission").addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  recount();
}

// The date of one's own, only where it is chosen.
const ownDate = find(".own-date");
if (ownDate) {
  const radios = all("input[name=lifetime]");
  const show = () => ownDate.classList.toggle("closed", !radios.some((radio) => radio.checked && radio.value === "date"));
  for (const radio of radios) radio.addEventListener("change", show);
  show();
}

// Addresses, checked by the service while they are typed.
const addresses = find("textarea[data-check]");
if (addresses) {
  const said = find("#address-check");
  let timer, latest = 0;
  const check = async () => {
    const turn = ++latest;
    const query = new URLSearchParams({ addresses: addresses.value });
    if (query.toString().length > 6000) return said.replaceChildren();
    try {
      const answer = await fetch(`${addresses.dataset.check}?${query}`, { redirect: "error" });
      const text = answer.ok ? await answer.text() : "";
      if (turn === latest) said.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
    } catch {
      if (turn === latest) said.replaceChildren();
    }
  };
  addresses.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(check, 250);
  });
  for (const button of all("[data-add]")) {
    button.addEventListener("click", () => {
      const lines = addresses.value.split(/[\n,]/).map((line) => line.trim()).filter(Boolean);
      if (!lines.includes(button.dataset.add)) lines.push(button.dataset.add);
      addresses.value = lines.join("\n");
      check();
    });
  }
}
