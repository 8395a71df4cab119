package dev.uring.samples

import dev.uring.dsl.uring
import dev.uring.momento.codec.StatusCode
import dev.uring.momento.server.MomentoStore
import dev.uring.momento.server.momentoServer
import dev.uring.tls.TlsCredentials
import dev.uring.tls.TlsServerOptions

/**
 * Momento's cache service as far as programs under development need it: one cache called `my-cache`, values in memory, over
 * TLS with a certificate of its own making.
 *
 *     MOMENTO_API_KEY=development MOMENTO_ENDPOINT=localhost:9004 your-program
 *
 * Arguments: where to listen, and the token that is good.
 */
suspend fun main(args: Array<String>) {
    val good = args.getOrElse(1) { "development" }
    val tls = TlsServerOptions.of(TlsCredentials.selfSigned("localhost", "127.0.0.1"))
    uring {
        val server =
            momentoServer(args.firstOrNull() ?: "127.0.0.1:9004", tls) {
                store(MomentoStore(itemsMax = 100_000))
                authenticate { token -> token == good }
                before { if (namespace != "my-cache") fail(StatusCode.NOT_FOUND, "there is no cache $namespace") }
            }
        println("listening on port ${server.port}")
    }
}
