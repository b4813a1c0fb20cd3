"""What a learner should see, taken from the author's stored output and folded below the cell."""

from __future__ import annotations

import base64
import html
import re
from typing import Any

EXPECTED_TAG = "expected-output"


def folded_output(cell: Any) -> Any:
    """A markdown cell that shows the stored output of ``cell``, text and pictures.

    Raises
    ------
    ValueError
        The cell has no stored output that can be shown, or a picture without alt text.
    """
    from nbformat.v4 import new_markdown_cell

    body, pictures = [], {}
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stdout":
            body.append(_block(output.text))
        elif output.output_type in ("display_data", "execute_result"):
            if "image/png" in output.data:
                name = f"expected-{len(pictures) + 1}.png"
                pictures[name] = {"image/png": _base64(output.data["image/png"])}
                body.append(f"![{alt_text(output, cell.id)}](attachment:{name})")
            elif "text/plain" in output.data:
                body.append(_block(output.data["text/plain"]))
    if not body:
        raise ValueError(f"cell {cell.id} is tagged {EXPECTED_TAG} but has no stored output; "
                         "run the solution notebook and save it")
    source = "<details>\n<summary>What you should see</summary>\n\n" + "\n\n".join(body) \
        + "\n\n</details>"
    folded = new_markdown_cell(source, id=f"{cell.id}-expected")
    if pictures:
        folded.attachments = pictures
    return folded


def alt_text(output: Any, cell_id: str) -> str:
    """The alt text of a picture output; a picture without one is an author's mistake."""
    about = output.get("metadata", {})
    alt = about.get("image/png", {}).get("alt") or about.get("alt")
    if not alt:
        raise ValueError(f"cell {cell_id}: the picture has no alt text; show it with "
                         "lobsim.plots.show(fig, alt=...)")
    return re.sub(r"\s+", " ", html.escape(alt, quote=False)).replace("[", "(").replace("]", ")")


def _block(text: Any) -> str:
    text = "".join(text) if isinstance(text, list) else text
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def _base64(data: Any) -> str:
    data = "".join(data) if isinstance(data, list) else data
    return base64.b64encode(base64.b64decode(data)).decode("ascii")
