package dev.uring.samples

import dev.uring.dsl.readLine
import dev.uring.dsl.uring
import dev.uring.tls.TlsCredentials
import dev.uring.tls.TlsServerOptions
import java.nio.file.Path

/**
 * Sends every line back over TLS, and first of all what was agreed on.
 *
 *     openssl s_client -connect 127.0.0.1:7443 -quiet
 *
 * Arguments: where to listen; then the PEM files of a certificate and its key. Without them it makes a certificate for
 * development, which no client believes until it is told to.
 */
suspend fun main(args: Array<String>) {
    val credentials =
        if (args.size == 3) {
            TlsCredentials.pem(Path.of(args[1]), Path.of(args[2]))
        } else {
            TlsCredentials.selfSigned("localhost", "127.0.0.1")
        }
    val tls = TlsServerOptions.of(credentials)
    uring {
        val server =
            tcp(args.firstOrNull() ?: "tls://127.0.0.1:7443", tls = tls) { connection ->
                val agreed = checkNotNull(connection.tlsInfo)
                connection.send("${agreed.protocol} ${agreed.cipherSuite}\n")
                while (true) {
                    val line = connection.readLine() ?: break
                    connection.send("$line\n")
                }
            }
        println("listening on port ${server.port}")
    }
}
