package dev.uring.dns

import dev.uring.dsl.UringScope
import dev.uring.dsl.testUring
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.nio.file.Files
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** Long enough for a busy machine, so that only what is meant to be silent is. */
internal val PATIENCE: Duration = 20.seconds

/** What a test waits for a server that is meant to be silent. */
internal val SHORT: Duration = 100.milliseconds

/** Asks [servers] and no file, with enough patience for everything that is answered at all. */
internal fun asking(
    vararg servers: InetSocketAddress,
    change: ResolverConfig.Builder.() -> Unit = {},
): ResolverConfig =
    ResolverConfig
        .builder()
        .servers(*servers)
        .search()
        .timeout(PATIENCE)
        .resolutionDelay(PATIENCE)
        .apply(change)
        .build()

/**
 * Runs [block] in a [dev.uring.dsl.uring] block that asks a [FakeDnsServer] answering with [reply]; then no socket is
 * left that was not there before.
 */
internal suspend fun withFakeDns(
    reply: FakeDnsServer.(AskedQuestion) -> List<ByteArray>,
    change: ResolverConfig.Builder.() -> Unit = {},
    block: suspend UringScope.(FakeDnsServer) -> Unit,
) {
    // The JDK keeps a socket of its own from the first one on that it opens.
    ServerSocket(0).close()
    val before = socketsOpen()
    FakeDnsServer(reply).use { server ->
        testUring(resolver = asking(server.address, change = change)) { block(server) }
    }
    eventually(PATIENCE) { socketsOpen() shouldBe before }
}

internal suspend fun Resolver.texts(
    host: String,
    family: AddressFamily = AddressFamily.EITHER,
): List<String> = resolve(host, family).map { it.hostAddress }

internal suspend fun Resolver.refusal(host: String): NameResolutionException =
    shouldThrow<NameResolutionException> { resolve(host) }

internal fun ip(text: String): InetAddress = InetAddress.ofLiteral(text)

internal fun socketsOpen(): Int =
    Files.list(Path.of("/proc/self/fd")).use { entries ->
        entries
            .filter {
                try {
                    Files.readSymbolicLink(it).toString().startsWith("socket:")
                } catch (_: IOException) {
                    false // closed since it was listed
                }
            }.count()
            .toInt()
    }
