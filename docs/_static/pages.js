// What scrolls can be reached by keyboard: code, outputs and tables that are wider than the page.
addEventListener("load", () => {
  for (const part of document.querySelectorAll("pre, .table-wrapper, .cell_output")) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
  }
});
