package dev.uring.bench.tls

import dev.uring.bench.echo.EchoWorkload

/**
 * A closed loop over TLS 1.3.
 *
 * @property mode of `TlsLoadGenerator`: `echo` on open connections; `full` and `resumed` make one for each request; `bulk`
 *     fetches a file of the payload's size on open connections
 */
data class TlsWorkload(
    val mode: String,
    val echo: EchoWorkload,
) {
    val id: String =
        when (mode) {
            "echo" -> echo.id
            BULK -> "$mode-${echo.id.substringBeforeLast('-')}"
            else -> "$mode-c${echo.connections}"
        }

    val isBulk: Boolean get() = mode == BULK

    companion object {
        private const val BULK = "bulk"

        /** An operation is a MiB, so that a server's CPU for an operation is that for a MiB. */
        const val FILE_BYTES = 1024 * 1024

        private val HANDSHAKE = EchoWorkload(64, 32, 1)

        /** In table order: small requests, one record, a stream of records, handshakes, and a file. */
        val ALL: List<TlsWorkload> =
            listOf(
                TlsWorkload("echo", EchoWorkload(64, 64, 1)),
                TlsWorkload("echo", EchoWorkload(16 * 1024, 64, 1)),
                TlsWorkload("echo", EchoWorkload(300 * 1024, 8, 1)),
                TlsWorkload("full", HANDSHAKE),
                TlsWorkload("resumed", HANDSHAKE),
                TlsWorkload(BULK, EchoWorkload(FILE_BYTES, 8, 1)),
            )

        /** What `--quick` measures: small requests, handshakes and a file. */
        val QUICK: List<TlsWorkload> = listOf(ALL.first(), TlsWorkload("full", HANDSHAKE), ALL.last())
    }
}
