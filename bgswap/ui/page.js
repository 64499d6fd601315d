() => {
  // Ctrl+Enter (or Cmd+Enter) anywhere on the page presses Generate.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const button = document.querySelector("#generate");
    if (button && !button.disabled) {
      event.preventDefault();
      button.click();
    }
  });

  // Pictures without words get names.
  const examples = document.querySelectorAll("#examples .gallery-item");
  examples.forEach((button, i) => button.setAttribute("aria-label", `Example photo ${i + 1}`));

  // On a phone the result is below: show that the work has begun.
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("#generate") || window.innerWidth > 720) return;
    document.querySelector("#result")?.scrollIntoView({ behavior: "smooth", block: "start" });
  });

  // Cut-outs are switches: say so, and in words, to screen readers.
  const name = (grid) => {
    for (const button of grid.querySelectorAll("button.thumbnail-item")) {
      const caption = button.querySelector(".caption-label")?.textContent?.trim();
      if (!caption) continue;
      const label = `Person ${caption.replaceAll(" · ", ", ")}`;
      const pressed = String(caption.includes("stays"));
      if (button.getAttribute("aria-label") !== label) button.setAttribute("aria-label", label);
      if (button.getAttribute("aria-pressed") !== pressed) button.setAttribute("aria-pressed", pressed);
    }
  };
  const watch = () => {
    const grid = document.querySelector("#people");
    if (!grid) return setTimeout(watch, 200);
    new MutationObserver(() => name(grid)).observe(grid, {
      childList: true,
      subtree: true,
      characterData: true,
    });
  };
  watch();
}
