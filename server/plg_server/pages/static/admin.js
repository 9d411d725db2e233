"use strict";

// A file of this machine into an area that a form sends: [data-file-into="#area"] holds the input.
for (const place of document.querySelectorAll("[data-file-into]")) {
  place.hidden = false;
  place.querySelector("input[type='file']").addEventListener("change", async (event) => {
    const file = event.target.files[0];
    if (file) document.querySelector(place.dataset.fileInto).value = await file.text();
  });
}

// A token behind the # goes into its field and leaves the address at once: addresses are kept in histories.
const claim = document.querySelector("input[data-from-fragment]");
if (claim && location.hash.length > 20) {
  claim.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname + location.search);
}
