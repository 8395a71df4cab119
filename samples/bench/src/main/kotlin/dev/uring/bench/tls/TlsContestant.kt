package dev.uring.bench.tls

import dev.uring.bench.BenchSession
import dev.uring.bench.echo.MeasuredServer

/** A server over TLS that can be measured, in a process of its own. */
interface TlsContestant {
    val name: String

    /** Why it cannot run in a session, or null. */
    val unavailable: (BenchSession) -> String?

    /** Starts the server on its CPU, with the certificate that all have, and waits until it listens. */
    fun start(
        session: BenchSession,
        store: TlsStore,
    ): MeasuredServer
}
