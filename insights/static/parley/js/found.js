// Highlights the words of a search in the sentence that its result opened: `?find=word&find=word#m-ID`.

const words = new URLSearchParams(location.search).getAll("find").map((word) => word.toLowerCase());
const sentence = location.hash.startsWith("#m-") ? document.getElementById(location.hash.slice(1)) : null;

function placesIn(node) {
  const text = node.data.toLowerCase();
  const places = [];
  for (const word of words) {
    for (let at = text.indexOf(word); word && at >= 0; at = text.indexOf(word, at + word.length)) places.push([at, at + word.length]);
  }
  return text.length === node.data.length ? places : []; // a letter whose lower case is longer would shift the places
}

function ranges(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    for (const [start, end] of placesIn(walker.currentNode)) {
      const range = new Range();
      range.setStart(walker.currentNode, start);
      range.setEnd(walker.currentNode, end);
      found.push(range);
    }
  }
  return found;
}

if (sentence && words.length && CSS.highlights) CSS.highlights.set("found", new Highlight(...ranges(sentence)));
