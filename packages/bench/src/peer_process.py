"""One peer of `bench index`: hnswlib or usearch, driven by one JSON object a line.

Requests and answers are those of engine-process.ts. Vectors are normalised, so the inner product is
the cosine and saves the peer a normalisation. Searches run in the library's own loop on one thread.
"""

import json
import os
import sys
import time

import numpy

OPTIONS = json.loads(sys.argv[1])


class Hnswlib:
    def __init__(self, dimension):
        import hnswlib

        self.index = hnswlib.Index(space="ip", dim=dimension)

    def build(self, vectors, threads):
        width, links = OPTIONS["buildWidth"], OPTIONS["links"]
        self.index.init_index(max_elements=len(vectors), ef_construction=width, M=links)
        self.index.add_items(vectors, numpy.arange(len(vectors)), num_threads=threads)

    def save(self, path):
        self.index.save_index(path)

    def open(self, path):
        self.index.load_index(path)

    def search(self, queries, k, effort):
        self.index.set_ef(max(k, int(effort)))
        return self.index.knn_query(queries, k=k, num_threads=1)[0]


class Usearch:
    def __init__(self, dimension):
        from usearch.index import Index

        self.index = Index(
            ndim=dimension,
            metric="ip",
            dtype="f32",
            connectivity=OPTIONS["links"],
            expansion_add=OPTIONS["buildWidth"],
        )

    def build(self, vectors, threads):
        self.index.add(numpy.arange(len(vectors)), vectors, threads=threads)

    def save(self, path):
        self.index.save(path)

    def open(self, path):
        self.index.load(path)

    def search(self, queries, k, effort):
        self.index.expansion_search = max(k, int(effort))
        return self.index.search(queries, k, threads=1).keys


def read_rows(path):
    rows, dimension = numpy.fromfile(path, dtype=numpy.uint32, count=2)
    shape = (int(rows), int(dimension))
    return numpy.memmap(path, dtype=numpy.float32, mode="r", offset=8, shape=shape)


def resident():
    with open("/proc/self/status") as status:
        fields = dict(line.split(":", 1) for line in status if ":" in line)
    kib = lambda name: int(fields.get(name, "0 kB").split()[0])
    return {"anonymous": kib("RssAnon") * 1024, "file": kib("RssFile") * 1024}


class Session:
    """What one process holds between requests."""

    def __init__(self):
        self.peer = None
        self.queries = None
        self.before = None

    def make(self, dimension):
        kinds = {"hnswlib": Hnswlib, "usearch": Usearch}
        return kinds[OPTIONS["library"]](dimension)

    def build(self, request):
        vectors = read_rows(request["vectors"])
        self.peer = self.make(vectors.shape[1])
        wall, cpu = time.perf_counter(), time.process_time()
        self.peer.build(vectors, request["threads"])
        times = {
            "wallSeconds": time.perf_counter() - wall,
            "cpuSeconds": time.process_time() - cpu,
        }
        self.peer.save(request["saved"])
        return {**times, "diskBytes": os.path.getsize(request["saved"])}

    def open(self, request):
        self.queries = numpy.array(read_rows(request["queries"]))
        peer = self.make(self.queries.shape[1])
        self.before = resident()
        peer.open(request["saved"])
        self.peer = peer
        return {}

    def search(self, request):
        wall, cpu = time.perf_counter(), time.process_time()
        keys = self.peer.search(self.queries, request["k"], request["effort"])
        times = {
            "wallSeconds": time.perf_counter() - wall,
            "cpuSeconds": time.process_time() - cpu,
        }
        keys.astype(numpy.uint32).tofile(request["answers"])
        return times

    def memory(self, _request):
        now = resident()
        return {
            "anonymousBytes": now["anonymous"] - self.before["anonymous"],
            "fileBytes": now["file"] - self.before["file"],
        }


def main():
    session = Session()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(session, request["op"])(request)
        except Exception as error:  # The parent reports it and ends the run.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
