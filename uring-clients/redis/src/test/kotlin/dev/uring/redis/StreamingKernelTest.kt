package dev.uring.redis

import dev.uring.redis.commands.configSet
import dev.uring.redis.commands.del
import dev.uring.redis.commands.exists
import dev.uring.redis.commands.keys
import dev.uring.redis.commands.xadd
import dev.uring.redis.commands.xgroupCreate
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.emptyFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.io.Buffer
import java.io.ByteArrayOutputStream
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** What comes piece by piece: large values, groups of consumers, what happens to keys and what a server does. */
class StreamingKernelTest :
    FunSpec({
        needsRedis()

        val server = lazy { RealRedis() }
        val redis by server
        afterSpec { if (server.isInitialized()) redis.close() }

        suspend fun RedisClient.read(
            key: String,
            pieceBytes: Int,
        ): ByteArray {
            val all = ByteArrayOutputStream()
            getStream(key, pieceBytes).collect {
                check(it.size in 1..pieceBytes) { "a piece of ${it.size} bytes" }
                all.writeBytes(it)
            }
            return all.toByteArray()
        }

        test("a large value goes in and comes out in pieces, whatever their size") {
            withClient(redis) { client ->
                val value = Random(7).nextBytes(3_000_001)
                val source = Buffer().apply { write(value) }
                client.setStream("large", source) shouldBe value.size.toLong()
                for (pieceBytes in listOf(1 shl 20, 99_991, 3_000_001)) {
                    client.read("large", pieceBytes).contentEquals(value) shouldBe true
                }
                client.keys("{large}*").shouldBeEmpty()
                client.read("missing", 10).size shouldBe 0
            }
        }

        test("readers see the old value until all of the new one is there, and its expiry with it") {
            withClient(redis) { client ->
                client.store("whole", "old")
                val seen = mutableListOf<String?>()
                val pieces =
                    flow {
                        for (piece in listOf("a", "b", "c")) {
                            emit(piece.toByteArray())
                            seen += client.fetch("whole")
                        }
                    }
                client.setStream("whole", pieces, expiry = 100.seconds) shouldBe 3
                seen shouldContainExactly listOf("old", "old", "old")
                client.fetch("whole") shouldBe "abc"
                (client.cmd("TTL", "whole") as Long) shouldBeInRange 1L..100L
                client.setStream("whole", emptyFlow()) shouldBe 0
                client.fetch("whole") shouldBe ""
                client.cmd("TTL", "whole") shouldBe -1L
            }
        }

        test("a value that fails or is cancelled half-way leaves the old one and nothing else") {
            withClient(redis) { client ->
                client.store("half", "old")
                shouldThrow<IllegalStateException> {
                    client.setStream(
                        "half",
                        flow {
                            emit("x".toByteArray())
                            error("no more")
                        },
                    )
                }
                val isUnderWay = CompletableDeferred<Unit>()
                val setting =
                    launch {
                        client.setStream(
                            "half",
                            flow {
                                emit("x".toByteArray())
                                isUnderWay.complete(Unit)
                                awaitCancellation()
                            },
                        )
                    }
                isUnderWay.await()
                client.keys("{half}*").size shouldBe 1
                setting.cancelAndJoin()
                client.keys("{half}*").shouldBeEmpty()
                client.fetch("half") shouldBe "old"
            }
        }

        test("whose unfinished value is deleted by somebody hears of it, and sets nothing") {
            withClient(redis) { client ->
                shouldThrow<IllegalStateException> {
                    client.setStream(
                        "robbed",
                        flow {
                            emit("a".toByteArray())
                            client.keys("{robbed}*").forEach { client.del(it) }
                            emit("b".toByteArray())
                        },
                    )
                }.message!!.startsWith("the place of an unfinished value") shouldBe true
                client.exists("robbed") shouldBe 0
            }
        }

        test("a consumer works on each entry once, and acknowledges it") {
            withClient(redis) { client ->
                repeat(10) { client.xadd("s", "n" to "$it") }
                client.xgroupCreate("s", "g", id = "0")
                val got = client.consumerGroup("s", "g", "me", count = 3).take(10).toList()
                got.map { it["n"] } shouldBe List(10) { "$it" }
                // The last one was taken, and the flow cancelled before it was acknowledged.
                client.consumerGroup("s", "g", "me").first()["n"] shouldBe "9"
            }
        }

        test("new entries are waited for, and what a collector failed with comes again") {
            withClient(redis) { client ->
                client.xgroupCreate("w", "g", createStream = true)
                val first =
                    async { runCatching { client.consumerGroup("w", "g", "me").collect { error("cannot do it") } } }
                eventually({ "it waits" }) { client.snapshot().connects == 2L }
                client.xadd("w", "n" to "1")
                first.await().exceptionOrNull()!!.message shouldBe "cannot do it"
                client.consumerGroup("w", "g", "me").first()["n"] shouldBe "1"
            }
        }

        test("what a consumer that is gone left pending is taken over") {
            withClient(redis) { client ->
                repeat(3) { client.xadd("c", "n" to "$it") }
                client.xgroupCreate("c", "g", id = "0")
                runCatching { client.consumerGroup("c", "g", "gone").collect { error("crash") } }
                val got =
                    client
                        .consumerGroup("c", "g", "other", block = 10.milliseconds, claimIdle = 1.milliseconds)
                        .take(3)
                        .toList()
                got.map { it["n"] }.sortedBy { it } shouldBe listOf("0", "1", "2")
            }
        }

        test("what happens to keys is told by name, for the patterns and the database that were asked for") {
            withClient(redis) { client ->
                client.configSet("notify-keyspace-events", "KEA")
                val isReady = CompletableDeferred<Unit>()
                val events =
                    async {
                        client.keyspaceEvents("seen:*", onSubscribed = { isReady.complete(Unit) }).take(3).toList()
                    }
                isReady.await()
                client.store("unseen:a", "1")
                client.store("seen:a", "1")
                client.bump("seen:a")
                client.del("seen:a")
                events.await() shouldContainExactly
                    listOf(
                        KeyspaceEvent("seen:a", "set"),
                        KeyspaceEvent("seen:a", "incrby"),
                        KeyspaceEvent("seen:a", "del"),
                    )
            }
        }

        for (version in listOf(RespVersion.RESP2, RespVersion.RESP3)) {
            test("a monitor sees the commands of others with their arguments, in $version") {
                withClient(redis, configure = { copy(protocol = version) }) { client ->
                    val isReady = CompletableDeferred<Unit>()
                    val seen =
                        async {
                            client
                                .monitor { isReady.complete(Unit) }
                                .first { it.words.first() == "SET" }
                        }
                    isReady.await()
                    client.store("mon", "a \"quoted\"\r\n\\ value \u00e9")
                    val command = seen.await()
                    command.words shouldContainExactly
                        listOf("SET", "mon", "a \"quoted\"\r\n\\ value \u00c3\u00a9")
                    command.database shouldBe 0
                }
            }
        }

        test("a monitor is told again that it has begun when its connection was lost") {
            withClient(redis) { client ->
                var began = 0
                val monitor = launch { client.monitor { began++ }.collect { } }
                eventually({ "it has begun" }) { began == 1 }
                redis.admin("CLIENT KILL TYPE normal SKIPME yes")
                eventually({ "it has begun again" }) { began == 2 }
                monitor.cancelAndJoin()
            }
        }
    })
