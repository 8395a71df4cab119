package dev.uring.bench.tls

import dev.uring.bench.BenchSession
import dev.uring.bench.echo.RunningEcho
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.JavaCommand

/**
 * An echo server over TLS that can be measured, in a process of its own.
 *
 * @property unavailable why it cannot run here, or null
 */
class TlsSubject private constructor(
    override val name: String,
    private val mainClass: String,
    private val provider: String,
    private val flags: List<String>,
    override val unavailable: (BenchSession) -> String?,
) : TlsContestant {
    override fun start(
        session: BenchSession,
        store: TlsStore,
    ): RunningEcho {
        val arguments = listOf(store.file.toString(), store.password, provider)
        val command = JavaCommand.of("$PACKAGE.$mainClass", JavaCommand.FLAGS + flags, arguments)
        val child = session.pool.start(name, session.placement.onServerCpu(command))
        return RunningEcho(name, ControlledProcess(child))
    }

    companion object {
        const val URING_JDK = "uring-jdk"
        const val URING_DSL_JDK = "uring-dsl-jdk"
        const val URING_CONSCRYPT = "uring-conscrypt"
        const val URING_DSL_CONSCRYPT = "uring-dsl-conscrypt"
        const val NETTY_JDK = "netty-jdk"
        const val NETTY_TCNATIVE = "netty-tcnative"

        private const val PACKAGE = "dev.uring.bench.subject"

        /** In table order: by provider, ours first. */
        val ALL: List<TlsSubject> =
            listOf(
                TlsSubject(URING_JDK, "UringTlsEcho", "JDK", emptyList(), unavailable = ::ioUring),
                TlsSubject(URING_DSL_JDK, "UringDslTlsEcho", "JDK", emptyList(), unavailable = ::ioUring),
                TlsSubject(NETTY_JDK, "NettyTlsEcho", "JDK", JavaCommand.NETTY_FLAGS) { natives() },
                TlsSubject(URING_CONSCRYPT, "UringTlsEcho", "CONSCRYPT", emptyList()) { natives() ?: ioUring(it) },
                TlsSubject(URING_DSL_CONSCRYPT, "UringDslTlsEcho", "CONSCRYPT", emptyList()) {
                    natives() ?: ioUring(it)
                },
                TlsSubject(NETTY_TCNATIVE, "NettyTlsEcho", "OPENSSL", JavaCommand.NETTY_FLAGS) { natives() },
            )

        /** `uring-jdk` with faults that can be switched on: never in a table, only for the self-check. */
        val TWIN = TlsSubject("uring-jdk-twin", "UringTlsEcho", "JDK", emptyList(), unavailable = ::ioUring)

        private fun ioUring(session: BenchSession): String? = session.ioUringUnavailable

        private fun natives(): String? {
            val architecture = System.getProperty("os.arch")
            return "this build has native libraries for amd64, not $architecture".takeIf { architecture != "amd64" }
        }
    }
}
