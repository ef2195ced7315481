// The page of a conversation with stored audio: plays it from the turn that is chosen.

const LEAD_S = 0.2;
const audio = document.getElementById("playback");

function playFrom(seconds) {
  const seek = () => {
    audio.currentTime = Math.max(0, seconds - LEAD_S);
    audio.play();
  };
  if (audio.readyState > 0) return seek();
  audio.addEventListener("loadedmetadata", seek, { once: true });
  audio.load();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-play]");
  if (button) playFrom(Number(button.dataset.play));
});
