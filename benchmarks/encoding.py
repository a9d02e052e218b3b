"""What a span costs from its end to the request: encoding it, directly and by the stock encoder; queue and request.

The spans are tool calls of ten attributes, with arguments and results of 300 bytes each, every one different. Times are
microseconds of CPU per span on one thread, the best of several rounds. All figures are of one run on one machine; quote
the ratios.

    python benchmarks/encoding.py [--rounds 30] [--json]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import json
import sys
import time
from typing import Any

from attrs import evolve
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider

from agent_otel.delivery import FanoutAdditions, Item, SinkSpec, SinkVerdict, TelemetryFanout
from agent_otel.delivery.otlp import encode_span, request_bytes, size_of
from agent_otel.delivery.otlp.encoding import stock_span_bytes
from agent_otel.delivery.otlp.span_bytes import span_bytes
from agent_otel.model import DeliveryClass
from agent_otel.model.agent_sdk.fanout import TelemetryFanoutConfig

SPANS = 512


def tool_calls() -> list[ReadableSpan]:
    """Make spans as a tracer ends them."""
    tracer = TracerProvider(resource=Resource({}), shutdown_on_exit=False).get_tracer("benchmark")
    made = []
    with tracer.start_as_current_span("invoke_agent"):
        for number in range(SPANS):
            with tracer.start_as_current_span("execute_tool shell") as span:
                span.set_attributes(
                    {
                        "gen_ai.operation.name": "execute_tool",
                        "gen_ai.agent.name": "coder",
                        "gen_ai.conversation.id": "3f2b8f6e-6d0d-4f0e-9d7b-5f7f3f1f2b11",
                        "gen_ai.tool.name": "shell",
                        "gen_ai.tool.type": "function",
                        "gen_ai.tool.call.id": f"call-{number:08}",
                        "gen_ai.tool.call.arguments": json.dumps({"command": f"{number:0278}"}),
                        "gen_ai.tool.call.result": json.dumps({"stdout": f"{number:0279}"}),
                        "agent_otel.attempt": 1,
                        "agent_otel.duration_s": number / 7,
                    }
                )
            made.append(span)
    return made


def per_span(work: Callable[[], Any], rounds: int) -> float:
    """Give the least CPU time of one call over all spans, in microseconds per span."""
    times = []
    for _ in range(rounds):
        start = time.thread_time()
        work()
        times.append(time.thread_time() - start)
    return min(times) / SPANS * 1e6


def through_the_queue(items: list[Item]) -> Callable[[], None]:
    """Queue, peek and settle all items for one sink, as live delivery does it."""
    roomy = evolve(TelemetryFanoutConfig.safe_defaults(), queue_capacity=4 * SPANS, terminal_reserve=SPANS)
    fanout: TelemetryFanout[Item] = TelemetryFanout(roomy, FanoutAdditions.live())
    fanout.register_sink(SinkSpec(sink_id="s", content_mode="redacted_summary", queue_capacity=4 * SPANS))

    def work() -> None:
        for item in items:
            fanout.record_live(item)
        batch = fanout.peek("s", len(items), 2**30)
        fanout.settle("s", SinkVerdict(settled=len(batch)))

    return work


def measure(rounds: int) -> dict[str, float]:
    """Measure everything, after a look at whether it is right."""
    spans = tool_calls()
    if any(span_bytes(span) != stock_span_bytes(span) for span in spans):
        raise SystemExit("what is written directly is not what the stock encoder writes")
    items = [
        Item(
            payload=payload,
            envelope=envelope,
            trace_id=1,
            span_id=number,
            run_id="r",
            delivery_class=DeliveryClass.PROGRESS,
        )
        for number, (envelope, payload) in enumerate(map(encode_span, spans))
    ]
    whole = request_bytes(items)
    if len(ExportTraceServiceRequest.FromString(whole).resource_spans[0].scope_spans[0].spans) != SPANS:
        raise SystemExit("the request is not whole")
    told = {
        "bytes_per_span": sum(len(item.payload) for item in items) / SPANS,
        "stock_us": per_span(lambda: [stock_span_bytes(span) for span in spans], rounds),
        "direct_us": per_span(lambda: [span_bytes(span) for span in spans], rounds),
        "with_envelope_us": per_span(lambda: [encode_span(span) for span in spans], rounds),
        "queue_us": per_span(through_the_queue(items), rounds),
        "size_us": per_span(lambda: size_of(items), rounds),
        "request_us": per_span(lambda: request_bytes(items), rounds),
    }
    return {**told, "ratio": told["stock_us"] / told["direct_us"]}


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    told = measure(chosen.rounds)
    if chosen.json:
        print(json.dumps(told))
        return 0
    print(f"span of ten attributes, {told['bytes_per_span']:.0f} bytes encoded; CPU per span:")
    print(f"  stock encoder       {told['stock_us']:6.2f} us")
    print(f"  written directly    {told['direct_us']:6.2f} us   {told['ratio']:.1f} times as fast")
    print(f"  with its envelope   {told['with_envelope_us']:6.2f} us")
    print(f"  queued and settled  {told['queue_us']:6.2f} us")
    print(f"  size of a request   {told['size_us']:6.2f} us")
    print(f"  request built       {told['request_us']:6.2f} us")
    return 0


if __name__ == "__main__":
    sys.exit(main())
