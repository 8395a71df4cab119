package dev.uring.bench.tls

import dev.uring.bench.echo.EchoWorkload

/**
 * A closed loop over TLS 1.3.
 *
 * @property mode of `TlsLoadGenerator`: `echo` on open connections; `full` and `resumed` make one for each request
 */
data class TlsWorkload(
    val mode: String,
    val echo: EchoWorkload,
) {
    val id: String = if (mode == "echo") echo.id else "$mode-c${echo.connections}"

    companion object {
        private val HANDSHAKE = EchoWorkload(64, 32, 1)

        /** In table order: small requests, one record, a stream of records, and handshakes. */
        val ALL: List<TlsWorkload> =
            listOf(
                TlsWorkload("echo", EchoWorkload(64, 64, 1)),
                TlsWorkload("echo", EchoWorkload(16 * 1024, 64, 1)),
                TlsWorkload("echo", EchoWorkload(300 * 1024, 8, 1)),
                TlsWorkload("full", HANDSHAKE),
                TlsWorkload("resumed", HANDSHAKE),
            )

        /** What `--quick` measures: one workload that is all records and one that is all handshakes. */
        val QUICK: List<TlsWorkload> = listOf(ALL.first(), TlsWorkload("full", HANDSHAKE))
    }
}
