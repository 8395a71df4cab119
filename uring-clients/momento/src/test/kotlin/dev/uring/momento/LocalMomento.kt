package dev.uring.momento

import dev.uring.dsl.Server
import dev.uring.dsl.UringScope
import dev.uring.dsl.uring
import dev.uring.momento.server.MomentoServerCommands
import dev.uring.momento.server.momentoServer
import dev.uring.testing.leavesNothingBehind
import dev.uring.tls.TlsClientOptions
import dev.uring.tls.TlsCredentials
import dev.uring.tls.TlsServerOptions
import dev.uring.tls.TlsTrust
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.config.DefaultTestConfig
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds

// Made once: it takes about a second.
internal val testCredentials by lazy { TlsCredentials.selfSigned("localhost", "127.0.0.1") }
internal val serverTls by lazy { TlsServerOptions.of(testCredentials) }
internal val clientTls by lazy {
    TlsClientOptions.builder().trust(TlsTrust.certificates(testCredentials.certificate())).build()
}

internal fun FunSpec.needsKernel() {
    defaultTestConfig = DefaultTestConfig(enabledOrReasonIf = { kernel }, timeout = 120.seconds)
    // Not in a test, which is on a worker by then.
    beforeSpec { check(serverTls.credentials().first() === clientTls.let { testCredentials }) }
}

private val kernel: Enabled by lazy {
    runCatching { runBlocking { uring({ workersCount(1).pinWorkers(false) }) { } } }.fold(
        { Enabled.enabled },
        { if (System.getenv("CI") == "true") throw it else Enabled.disabled("no io_uring: ${it.message}") },
    )
}

internal fun plainConfig(port: Int) = MomentoConfig(MomentoCredential("token", "127.0.0.1", port), isPlain = true)

/** Runs [block] on worker 0 with a server that [declare] declares and a client of it; afterwards nothing is held. */
internal fun withMomento(
    declare: MomentoServerCommands.() -> Unit = {},
    workers: Int = 1,
    callsMax: Int = 4096,
    configure: MomentoConfig.() -> MomentoConfig = { this },
    block: suspend UringScope.(client: MomentoClient, server: Server) -> Unit,
) = withUring(workers) {
    val server = momentoServer("127.0.0.1:0", callsMax = callsMax, onError = { _, _ -> }, declare = declare)
    val client = momento(plainConfig(server.port).configure())
    block(client, server)
    // Commands that were given up must not be counted as in flight for ever.
    eventually({ "${client.snapshot()}" }) { client.snapshot().run { inFlight == 0L && waiting == 0L } }
    client.close()
    shutdown()
}

/** Runs [block] on worker 0; afterwards nothing is left. */
internal fun withUring(
    workers: Int = 1,
    block: suspend UringScope.() -> Unit,
) = leavesNothingBehind { runBlocking { uring({ workersCount(workers).pinWorkers(false) }, block = block) } }

internal suspend fun eventually(
    what: () -> String,
    condition: () -> Boolean,
) {
    val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20)
    while (!condition()) {
        check(System.nanoTime() < deadline) { "after 20 s: ${what()}" }
        delay(1)
    }
}

/** The seed of a random test, new each time; printed by whoever uses it. */
internal fun newSeed(): Long = System.getProperty("uring.fuzz.seed")?.toLong() ?: System.nanoTime()
