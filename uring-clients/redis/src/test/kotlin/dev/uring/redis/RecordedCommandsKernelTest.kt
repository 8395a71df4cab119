package dev.uring.redis

import dev.uring.client.jfr.CommandEvent
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import dev.uring.redis.commands.blpop
import dev.uring.redis.commands.get
import dev.uring.redis.commands.set
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import jdk.jfr.Recording
import jdk.jfr.consumer.RecordedEvent
import jdk.jfr.consumer.RecordingFile
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import java.nio.file.Files
import java.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** What the flight recorder is told of each command. */
class RecordedCommandsKernelTest :
    FunSpec({
        needsRedis()

        test("a command is recorded with its bytes of both directions, its connection, its time and its refusal") {
            RealRedis().use { redis ->
                withClient(redis) { client ->
                    client.cmd("PING")
                    val events =
                        recorded(wanted) {
                            client.set("k", "v")
                            client.get("k")
                            shouldThrow<RedisException> { client.cmd("INCR", "k") }
                            client.pipeline { List(3) { set("k", "v") } }
                            client.transaction { set("k", "v") }
                            RedisAsyncClient(client.core, RedisCodec.UTF8).run {
                                execute(command(GET).key("k"), Reply.STRING).await()
                            }
                            client.blpop(listOf("none"), 1.milliseconds)
                        }
                    events.map { it.getString("command") } shouldBe
                        listOf(
                            "SET",
                            "GET",
                            "INCR",
                            "a pipeline of 3 commands",
                            "a transaction of 1 commands",
                            "GET",
                            "BLPOP",
                        )
                    // *3 $3 SET $1 k $1 v, and +OK; *2 $3 GET $1 k, and $1 v.
                    events.map { it.getLong("bytesSent") }.take(2) shouldBe listOf(27L, 20L)
                    events.map { it.getLong("bytesReceived") }.take(2) shouldBe listOf(5L, 7L)
                    events[3].getLong("bytesReceived") shouldBe 15
                    events.map { it.getString("outcome") }.distinct() shouldBe listOf(CommandEvent.ANSWERED)
                    events[2].getString("error") shouldStartWith "ERR value is not an integer"
                    (events - events[2]).mapNotNull { it.getString("error") }.shouldBeEmpty()
                    events.map { it.getString("protocol") }.distinct() shouldBe listOf("RESP")
                    events.map { it.getString("server") }.distinct() shouldBe listOf(redis.url)
                    events.map { it.getInt("attempts") }.distinct() shouldBe listOf(1)
                    // All over the shared connection, but for the one that waits at the server.
                    events
                        .take(6)
                        .map { it.getLong("connection") }
                        .distinct()
                        .size shouldBe 1
                    (events.last().getLong("connection") == events[0].getLong("connection")) shouldBe false
                    for (event in events) {
                        event.duration shouldBeGreaterThan Duration.ZERO
                        event.duration shouldBeGreaterThanOrEqualTo event.getDuration("waited")
                    }
                }
            }
        }

        test("what becomes of a command that is not answered is recorded: cancelled, timed out, lost, not sent") {
            RealRedis().use { redis ->
                withClient(redis, configure = { copy(commandTimeout = 3.seconds) }) { client ->
                    client.cmd("PING")
                    val events =
                        recorded(wanted) {
                            val cancelled = launch { client.blpop(listOf("none"), 60.seconds) }
                            eventually({ "it waits at the server" }) { "cmd=blpop" in redis.admin("CLIENT LIST") }
                            cancelled.cancelAndJoin()
                            redis.signal("STOP")
                            shouldThrow<RedisTimeoutException> { client.get("k") }
                            redis.signal("CONT")
                            eventually({ "it answers again" }) { runCatching { client.get("k") }.isSuccess }
                            val lost =
                                launch {
                                    shouldThrow<RedisConnectionException> {
                                        client.blpop(
                                            listOf("none"),
                                            60.seconds,
                                        )
                                    }
                                }
                            eventually({ "it waits at the server" }) { "cmd=blpop" in redis.admin("CLIENT LIST") }
                            redis.kill()
                            lost.join()
                            client.close()
                            shouldThrow<RedisConnectionException> { client.set("k", "v") }
                        }

                    fun outcomes(name: String) =
                        events.filter { it.getString("command") == name }.map { it.getString("outcome") }
                    outcomes("BLPOP") shouldBe listOf(CommandEvent.CANCELLED, CommandEvent.LOST)
                    outcomes("GET") shouldContain CommandEvent.TIMED_OUT
                    outcomes("SET") shouldBe listOf(CommandEvent.NOT_SENT)
                    val unsent = events.single { it.getString("command") == "SET" }
                    unsent.getInt("attempts") shouldBe 0
                    unsent.getLong("bytesReceived") shouldBe 0
                    events.single { it.getString("outcome") == CommandEvent.LOST }.getString("error") shouldContain
                        "was lost"
                }
            }
        }

        test("with a threshold only slow commands are kept, and without being asked for none is") {
            RealRedis().use { redis ->
                withClient(redis) { client ->
                    val slow =
                        recorded({ enable(CommandEvent.NAME).withThreshold(Duration.ofMillis(200)) }) {
                            repeat(20) { client.set("k", "v") }
                            client.blpop(listOf("none"), 300.milliseconds)
                        }
                    slow.map { it.getString("command") } shouldContain "BLPOP"
                    for (event in slow) event.duration shouldBeGreaterThanOrEqualTo Duration.ofMillis(200)
                    recorded({}) { client.set("k", "v") }.shouldBeEmpty()
                }
            }
        }
    })

private val GET = Command.of("GET")
private val wanted: Recording.() -> Unit = { enable(CommandEvent.NAME).withoutThreshold() }

/** The commands that were recorded while [block] ran, in the order in which they ended. */
private suspend fun recorded(
    settings: Recording.() -> Unit,
    block: suspend () -> Unit,
): List<RecordedEvent> {
    val file = withContext(Dispatchers.IO) { Files.createTempFile("uring-", ".jfr") }
    try {
        Recording().use { recording ->
            recording.settings()
            withContext(Dispatchers.IO) { recording.start() }
            block()
            withContext(Dispatchers.IO) {
                recording.stop()
                recording.dump(file)
            }
        }
        return RecordingFile
            .readAllEvents(file)
            .filter { it.eventType.name == CommandEvent.NAME }
            .sortedBy { it.endTime }
    } finally {
        Files.delete(file)
    }
}
