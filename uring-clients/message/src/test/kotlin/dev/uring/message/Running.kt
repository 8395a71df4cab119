package dev.uring.message

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.base.UringException
import dev.uring.dns.ResolverConfig
import dev.uring.dsl.UringScope
import dev.uring.dsl.uring
import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageStatus
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.runBlocking
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.seconds

/**
 * Skips the tests of a spec, with the kernel's own reason, where io_uring cannot be had; bounds each of them in time.
 */
internal fun FunSpec.needsKernel() {
    defaultTestConfig = DefaultTestConfig(enabledOrReasonIf = { kernel }, timeout = 90.seconds)
}

private val kernel: Enabled by lazy {
    try {
        UringRuntime
            .start(
                RuntimeConfig
                    .builder()
                    .workersCount(1)
                    .pinWorkers(false)
                    .build(),
            ).close()
        Enabled.enabled
    } catch (refusal: UringException) {
        if (System.getenv("CI") == "true") throw refusal
        Enabled.disabled("no io_uring: ${refusal.message}")
    }
}

/** How long something may take on a busy machine before it counts as lost. */
internal val PATIENCE = 30.seconds

/**
 * Runs [block] with an engine, as a program does: on a thread of its own, without the context elements of a test
 * framework, under which every resume would be a dispatch. Afterwards nothing is held.
 */
internal fun withEngine(
    workers: Int = 2,
    config: EngineConfig = EngineConfig(),
    resolver: ResolverConfig = ResolverConfig.system(),
    block: suspend Trial.() -> Unit,
) {
    val outcome = CompletableFuture<Unit>()
    thread(name = "test-engine") {
        val run =
            runCatching {
                runBlocking {
                    uring({ workersCount(workers).pinWorkers(false) }, resolver) {
                        engine(config) { Trial(this@uring, this).block() }
                        runtime.snapshots().forEach { it.blocksHeld() shouldBe 0 }
                    }
                }
            }
        run.fold({ outcome.complete(Unit) }, outcome::completeExceptionally)
    }
    try {
        outcome.get(80, TimeUnit.SECONDS)
    } catch (wrapped: java.util.concurrent.ExecutionException) {
        throw wrapped.cause ?: wrapped
    }
}

internal class Trial(
    val scope: UringScope,
    val engine: MessageEngine,
)

/** The next message, or a failure that says what was waited for. */
internal suspend fun Group.next(what: String = "a message"): Message =
    checkNotNull(receive(PATIENCE)) { "$what has not come within $PATIENCE; $this" }

/**
 * The text of the next message of a program, which is given back; the engine's word of an empty pool is passed over.
 */
internal suspend fun Group.nextText(): String {
    while (true) {
        val message = next()
        val isOfEngine = message.isFromEngine
        if (isOfEngine) check(message.status() == MessageStatus.POOL_EMPTY) { "$message" }
        val text = message.body().toUtf8()
        message.release()
        if (!isOfEngine) return text
    }
}

/** The next message, which must be the engine's and have [status]. */
internal suspend fun Group.nextFromEngine(status: MessageStatus): Message {
    val message = next("$status")
    check(message.isFromEngine && message.status() == status) { "expected $status, got $message" }
    return message
}

internal fun Group.request(
    channel: Int,
    body: String,
): Message = message().operation(MessageOperation.REQUEST).channel(channel).also { it.body().appendUtf8(body) }

internal fun Group.signal(
    channel: Int,
    body: String,
): Message = message().operation(MessageOperation.SIGNAL).channel(channel).also { it.body().appendUtf8(body) }

/** Two groups with a channel between them: its number here, and the one at the other side. */
internal class ChannelPair(
    val client: Group,
    val server: Group,
    val here: Int,
    val there: Int,
)

internal suspend fun connected(
    client: Group,
    server: Group,
    address: String,
): ChannelPair {
    val hello = client.message().operation(MessageOperation.HELLO_REQUEST)
    hello.headers().append("~connect_to", address)
    client.send(hello)
    val asked = server.next("a hello request")
    check(asked.operation() == MessageOperation.HELLO_REQUEST) { "$asked" }
    val there = asked.channel()
    server.accept(asked)
    val answer = client.next("a hello response")
    check(answer.operation() == MessageOperation.HELLO_RESPONSE && !answer.isFromEngine) { "$answer" }
    val here = answer.channel()
    answer.release()
    return ChannelPair(client, server, here, there)
}

internal suspend fun Trial.pair(
    address: String = "tcp|127.0.0.1|0",
    server: Group = engine.create(),
    client: Group = engine.create(),
): ChannelPair = connected(client, server, server.listen(address).address.toString())
