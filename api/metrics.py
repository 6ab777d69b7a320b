"""What the API counts, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class ApiMetrics:
    """Metrics of requests and of the stream."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "vaka_http_requests", "Requests answered", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "vaka_http_request_seconds",
            "Time to the beginning of the answer",
            ["method", "route"],
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
            registry=registry,
        )
        self.refused_sign_ins = Counter("vaka_refused_sign_ins", "Sign-ins with a wrong password", registry=registry)
        self.receipts = Counter(
            "vaka_receipts", "Receipts of gateways by what they said", ["outcome"], registry=registry
        )
        self.stream_clients = Gauge("vaka_stream_clients", "Pages and programs on the stream", registry=registry)
        self.stream_cut_off = Counter("vaka_stream_cut_off", "Clients that were too slow", registry=registry)
        self.stream_behind = Gauge("vaka_stream_behind", "1 while the stream cannot follow", registry=registry)
