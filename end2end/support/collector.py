"""An OTLP collector over HTTP: what it is sent is read by OpenTelemetry's own definitions and printed, one line of JSON
for each request. The first line is its address."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        line = {
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body.hex(),
            "export": MessageToDict(ExportTraceServiceRequest.FromString(body)),
        }
        print(json.dumps(line), flush=True)
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """Nothing: the lines are for the test."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
print(json.dumps(f"http://127.0.0.1:{server.server_port}"), flush=True)
server.serve_forever()
