(() => {
  const rows = [...document.querySelectorAll("#videos tbody tr")];
  const [text, label, status] = ["text", "label", "status"].map((id) => document.getElementById(id));
  function filter() {
    const words = text.value.toLowerCase();
    let count = 0;
    for (const row of rows) {
      const labels = [...row.querySelectorAll("[data-label]")].map((part) => part.dataset.label);
      row.hidden = !(row.dataset.name.toLowerCase().includes(words) &&
        (!label.value || labels.includes(label.value)) &&
        (!status.value || row.dataset.status === status.value));
      count += !row.hidden;
    }
    document.getElementById("count").textContent = `${count} of ${rows.length}`;
  }
  for (const field of [text, label, status]) {
    for (const event of ["input", "change"]) field.addEventListener(event, filter);
  }
  filter();
})();
