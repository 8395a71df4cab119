package samples.dsl

import dev.uring.dsl.UringMetrics
import dev.uring.dsl.uring
import io.micrometer.core.instrument.MeterRegistry

suspend fun metrics(registry: MeterRegistry) =
    uring {
        UringMetrics(runtime).bindTo(registry)
        tcp("127.0.0.1:7000") { conn -> conn.forEachView { conn.write(it) } }
    }
