"""Lesson 12: a stand-in for a language model behind an endpoint; it says what a script says."""

import json

from lobsim.orderflow_ai.endpoint import Message, ToolCall


class ScriptedModel:
    """Takes the place of `lobsim.orderflow_ai.Endpoint`; nothing leaves the notebook.

    Parameters
    ----------
    script : list
        What it answers, one a request: a text, or a list of calls as pairs of a tool's name and
        the arguments' JSON text.
    """

    host, model = "this notebook", "a script"

    def __init__(self, script):
        self.script, self.heard = list(script), []
        self.requests = self.sent_bytes = 0

    def chat(self, messages, tools):
        """The next answer; keeps what it was sent, as a server would see it."""
        body = json.dumps({"messages": messages, "tools": tools})
        self.requests, self.sent_bytes = self.requests + 1, self.sent_bytes + len(body)
        self.heard.append(json.loads(body))
        said = self.script[min(self.requests, len(self.script)) - 1]
        if isinstance(said, str):
            return Message(said)
        return Message("", tuple(ToolCall(f"call_{self.requests}_{n}", name, arguments)
                                 for n, (name, arguments) in enumerate(said)))
