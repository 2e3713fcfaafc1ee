"""llama.cpp's own OpenAI-compatible server, from the wheel `xllamacpp`: a counterpart that nobody
here wrote. Prints its address, answers as model "local", ends with its standard input."""

import pathlib
import sys

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.model_alias = {"local"}
params.hostnames, params.port = ["127.0.0.1"], 0
params.n_ctx, params.n_parallel, params.use_jinja = 2048, 1, True
# The template of the weights knows no tools.
params.chat_template = pathlib.Path(__file__).with_name("tools.jinja").read_text()
# Its threads spin: more of them than idle cores make it slower.
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
