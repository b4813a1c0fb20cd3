"""What a learner should see, taken from the author's stored output and folded below the cell."""

from __future__ import annotations

import base64
import html
import re
from typing import Any

EXPECTED_TAG = "expected-output"
_HTML_IMAGE = re.compile(
    r'<img alt="(?P<alt>[^"]*)" src="data:image/png;base64,(?P<png>[\w+/=]+)">')


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
            found = picture(output, cell.id)
            if found:
                name = f"expected-{len(pictures) + 1}.png"
                pictures[name] = {"image/png": found[0]}
                body.append(f"![{found[1]}](attachment:{name})")
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


def picture(output: Any, cell_id: str) -> tuple[str, str] | None:
    """(base64 of the PNG, alt text) of an output, or None where it is no picture.

    ``lobsim.plots.show`` stores a PNG when a program runs the notebook, and an HTML image when a
    person runs it in JupyterLab.

    Raises
    ------
    ValueError
        A picture without alt text, which is an author's mistake.
    """
    data, about = output.get("data", {}), output.get("metadata", {})
    image = _HTML_IMAGE.fullmatch(_text(data.get("text/html", "")).strip())
    if image:
        png, alt = image["png"], html.unescape(image["alt"])
    elif "image/png" in data:
        png = _text(data["image/png"])
        alt = about.get("image/png", {}).get("alt") or about.get("alt") or ""
    else:
        return None
    if not alt.strip():
        raise ValueError(f"cell {cell_id}: the picture has no alt text; show it with "
                         "lobsim.plots.show(fig, alt=...)")
    alt = re.sub(r"\s+", " ", html.escape(alt, quote=False)).strip()
    encoded = base64.b64encode(base64.b64decode(png)).decode("ascii")
    return encoded, alt.replace("[", "(").replace("]", ")")


def _block(text: Any) -> str:
    text = _text(text)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def _text(data: Any) -> str:
    return "".join(data) if isinstance(data, list) else data
