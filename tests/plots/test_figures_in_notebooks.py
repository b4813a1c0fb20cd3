"""Figures in executed notebooks: alternative text, a strip for the slider, stable outputs."""

import base64

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from plot_notebooks import executed

SHOW = """
from lobsim import plots
book = ([(10.00, 300), (9.98, 100)], [(10.02, 200), (10.03, 500)])
plots.show(plots.depth_chart(book), alt="Depth chart: 400 shares bid, 700 asked.")
"""
STEP = """
frames = [([(10.00, 300 - 50 * k)], [(10.02, 200)]) for k in range(5)]
plots.step_through(frames, alt="The best bid shrinks from 300 to 100 shares.", tick_size=0.01)
"""
LIVE = STEP.replace("tick_size", "live=True, tick_size")


@pytest.fixture(scope="module")
def notebook():
    return executed(SHOW, STEP, LIVE)


def test_figure_is_one_png_with_alternative_text(notebook):
    (output,) = notebook.cells[0].outputs
    assert output.metadata["image/png"]["alt"] == "Depth chart: 400 shares bid, 700 asked."
    assert output.data["text/plain"] == "Depth chart: 400 shares bid, 700 asked."
    assert base64.b64decode(output.data["image/png"]).startswith(b"\x89PNG")


def test_without_a_page_the_steps_are_a_strip_that_stores_well(notebook):
    (output,) = notebook.cells[1].outputs
    assert set(output.data) == {"image/png", "text/plain"}
    assert output.metadata["image/png"]["alt"].startswith("The best bid shrinks")


def test_running_again_stores_the_same_outputs(notebook):
    again = executed(SHOW, STEP)
    for old, new in zip(notebook.cells[:2], again.cells, strict=True):
        assert nbformat.from_dict(old.outputs) == nbformat.from_dict(new.outputs)


def test_with_a_page_the_steps_are_a_slider(notebook):
    (output,) = notebook.cells[2].outputs
    assert "application/vnd.jupyter.widget-view+json" in output.data
    state = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    values = [model["state"].get("value") for model in state.values()]
    pictures = [value for value in values if isinstance(value, str) and "<img" in value]
    assert len(pictures) == 1 and 'alt="The best bid shrinks' in pictures[0]
    assert any(model["model_name"] == "IntSliderModel" for model in state.values())


def displayed(client, source, metadata):
    """Kinds of the one output of a cell that is run with the given request metadata."""
    content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False}
    message = client.session.msg("execute_request", content, metadata=metadata)
    client.shell_channel.send(message)
    kinds = []
    while True:
        reply = client.get_iopub_msg(timeout=60)
        if reply["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        if reply["msg_type"] == "display_data":
            kinds.append(set(reply["content"]["data"]))
        if reply["msg_type"] == "status" and reply["content"]["execution_state"] == "idle":
            return kinds


def test_a_page_is_known_by_the_cell_id_that_it_sends():
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        displayed(client, "from lobsim import plots", {})
        page = displayed(client, STEP, {"cellId": "a1b2"})
        figure_on_page = displayed(client, SHOW, {"cellId": "a1b2"})
        program = displayed(client, STEP, {})
        switched_off = displayed(
            client, "import os; os.environ['LOBSIM_WIDGETS'] = '0'\n" + STEP, {"cellId": "a1b2"}
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert "application/vnd.jupyter.widget-view+json" in page[0]
    assert figure_on_page == [{"text/html", "text/plain"}]
    assert program == switched_off == [{"image/png", "text/plain"}]
