// Makes the copy buttons work; without JavaScript they stay hidden and the text can be selected.
const SHOWN_MS = 2000;

async function copy(button) {
  const text = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(text.textContent);
  } catch {
    // no clipboard outside of https or localhost: select the text instead
    getSelection().selectAllChildren(text);
    return;
  }
  const label = button.textContent;
  button.textContent = button.dataset.done;
  button.classList.add("done");
  setTimeout(() => {
    button.textContent = label;
    button.classList.remove("done");
  }, SHOWN_MS);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}
