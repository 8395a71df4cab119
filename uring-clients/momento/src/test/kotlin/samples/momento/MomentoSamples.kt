package samples.momento

import dev.uring.dsl.uring
import dev.uring.momento.MomentoCache
import dev.uring.momento.MomentoConfig
import dev.uring.momento.MomentoCredential
import dev.uring.momento.codec.StatusCode
import dev.uring.momento.momento
import dev.uring.momento.server.momentoServer
import dev.uring.tls.TlsServerSource
import kotlin.time.Duration.Companion.minutes

/** Stores a value with the service and reads it; MOMENTO_API_KEY says who asks and where. */
suspend fun visits() =
    uring {
        momento(MomentoConfig(MomentoCredential.fromEnvironment())).use { client ->
            val cache = client.cache("my-cache")
            cache.set("greeting", "hello", ttl = 5.minutes)
            println(cache.getText("greeting"))
        }
    }

/** The size of a value, without a copy of it. */
suspend fun lengthOfValue(cache: MomentoCache): Int = cache.getView("page") { it?.size() ?: 0 }

/** A few gets at once, in whatever order they are answered. */
suspend fun severalAtOnce(cache: MomentoCache) {
    cache.operations().use { operations ->
        val names = listOf("a", "b", "c").associateBy { operations.fireGet(it) }
        while (operations.pendingCount > 0) {
            val done = operations.receive()
            println("${names[done.id]}: ${done.value?.size ?: "none"}")
        }
    }
}

/** A server for development, with one cache. */
suspend fun serve(tls: TlsServerSource) =
    uring {
        momentoServer("127.0.0.1:9004", tls) {
            authenticate { it == "development" }
            before { if (namespace != "my-cache") fail(StatusCode.NOT_FOUND, "there is no cache $namespace") }
        }
    }
