// A strip of thumbnails that never changes its height.

export default function (component) {
  const { data, parentElement } = component;
  const strip = parentElement.querySelector(".strip");
  const drawn = JSON.stringify(data);
  if (strip.dataset.drawn === drawn) return;
  strip.dataset.drawn = drawn;
  const pictures = data.images.map(([id, version]) => {
    const picture = document.createElement("img");
    picture.alt = "";
    picture.loading = "lazy";
    picture.decoding = "async";
    picture.onerror = () => picture.remove();
    picture.src = `/api/projects/${data.project}/images/${id}/thumb?v=${encodeURIComponent(version)}`;
    return picture;
  });
  strip.replaceChildren(...pictures);
}
