// What scrolls can be reached by keyboard: code, outputs and tables that are wider than the page.
addEventListener("load", () => {
  // Sphinx calls captions of the contents headings and leaves their level out.
  for (const part of document.querySelectorAll(".caption[role=heading]")) part.ariaLevel = "2";
  for (const part of document.querySelectorAll("pre, .table-wrapper, .cell_output")) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
  }
});
