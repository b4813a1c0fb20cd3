"""A local server that speaks the chat-completions protocol; a script plays the model."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "sk-secret-0123456789"


def text(content):
    """A message of text."""
    return {"role": "assistant", "content": content}


def calls(*asked):
    """A message that asks for tools: pairs of name and arguments (a dict, or raw text)."""
    return {"role": "assistant", "content": None, "tool_calls": [
        {"id": f"call_{n}", "type": "function", "function": {
            "name": name,
            "arguments": given if isinstance(given, str) else json.dumps(given)}}
        for n, (name, given) in enumerate(asked)]}


class Fault:
    """An answer that is no completion: status and body, a silence, a cut stream, a redirect."""

    def __init__(self, status=None, body="", headers=(), silence_s=0.0, raw=None, cut=False):
        self.status, self.body, self.headers = status, body, dict(headers)
        self.silence_s, self.raw, self.cut = silence_s, raw, cut


@contextmanager
def model(script):
    """Serve on a free port of this machine.

    `script` is a list of messages and faults taken one a request, or a function of the request's
    body that returns one. Yields the base address and the list of bodies that came in.
    """
    seen = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append({"path": self.path, "headers": dict(self.headers), "body": body})
            wrong = _wrong(self.path, self.headers, body)
            if wrong:
                return self._plain(400, {"error": {"message": wrong, "type": "invalid_request"}})
            played = script(body) if callable(script) else script[min(len(seen), len(script)) - 1]
            if isinstance(played, Fault):
                return self._fault(played)
            if body.get("stream"):
                return self._stream(played)
            return self._plain(200, {"id": "x", "object": "chat.completion", "choices": [
                {"index": 0, "message": played, "finish_reason": "stop"}]})

        def _plain(self, status, body, headers=()):
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json",
                                "Content-Length": str(len(data)), **dict(headers)}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def _fault(self, fault):
            time.sleep(fault.silence_s)
            if fault.raw is not None or fault.cut:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                start = {"choices": [{"index": 0, "delta": {"content": "The cost is"}}]}
                self.wfile.write((fault.raw or f"data: {json.dumps(start)}\n\n").encode())
                self.close_connection = True
                return
            self._plain(fault.status or 200, fault.body, fault.headers)

        def _stream(self, message):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream; charset=utf-8")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            stream = ": ping\n\n" + "".join(
                f"data: {json.dumps({'object': 'chat.completion.chunk', 'choices': [one]})}\n\n"
                for one in _pieces(message)) + "data: [DONE]\n\n"
            data = stream.encode()
            for at in range(0, len(data), 1000):  # borders of chunks fall anywhere in an event
                piece = data[at:at + 1000]
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # a client that gave up waiting is part of the test
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02},
                              daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _pieces(message):
    """Deltas as real servers cut them: role first, text in words, arguments in bits."""
    yield {"index": 0, "delta": {"role": "assistant"}, "finish_reason": None}
    for word in (message["content"] or "").split(" "):
        yield {"index": 0, "delta": {"content": word + " "}, "finish_reason": None}
    for n, one in enumerate(message.get("tool_calls") or ()):
        function = one["function"]
        yield {"index": 0, "finish_reason": None, "delta": {"tool_calls": [
            {"index": n, "id": one["id"], "type": "function",
             "function": {"name": function["name"], "arguments": ""}}]}}
        for at in range(0, len(function["arguments"]), 7):
            yield {"index": 0, "finish_reason": None, "delta": {"tool_calls": [
                {"index": n, "function": {"arguments": function["arguments"][at:at + 7]}}]}}
    yield {"index": 0, "delta": {},
           "finish_reason": "tool_calls" if message.get("tool_calls") else "stop"}


def _wrong(path, headers, body):
    """What a strict server refuses: path, key, fields, and tool messages that answer no call."""
    if path != "/v1/chat/completions":
        return f"no such path {path}"
    if headers.get("Authorization") not in (None, f"Bearer {KEY}"):
        return "wrong key"
    if not isinstance(body.get("model"), str) or not body.get("messages"):
        return "model and messages are required"
    for one in body.get("tools", ()):
        if one["type"] != "function" or one["function"]["parameters"]["type"] != "object":
            return "a tool is no function with an object of parameters"
    waiting = []
    for message in body["messages"]:
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting or not isinstance(message["content"], str):
                return "a tool message answers no call"
            waiting.remove(message["tool_call_id"])
        elif waiting:
            return f"calls {waiting} were not answered"
        elif message["role"] == "assistant":
            waiting = [one["id"] for one in message.get("tool_calls") or ()]
        elif message["role"] not in ("system", "user"):
            return f"unknown role {message['role']}"
    return f"calls {waiting} were not answered" if waiting else None
