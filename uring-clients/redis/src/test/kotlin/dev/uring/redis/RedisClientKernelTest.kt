package dev.uring.redis

import dev.uring.base.ConfigException
import dev.uring.bytes.ByteView
import dev.uring.dsl.onEachWorker
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.UnexpectedReplyException
import dev.uring.redis.codec.ValueCodec
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.io.bytestring.ByteString
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

class RedisClientKernelTest :
    FunSpec({
        needsRedis()

        val server = lazy { RealRedis() }
        val redis by server
        afterSpec { if (server.isInitialized()) redis.close() }

        test("a value that was set is read back, whatever it is read as") {
            withClient(redis) { client ->
                client.fetch("kinds:none") shouldBe null
                client.store("kinds", "hällo")
                client.fetch("kinds") shouldBe "hällo"
                client.getView("kinds") { it!!.size() } shouldBe 6
                client.withCodec(RedisCodec.BYTES).fetch("kinds".toByteArray())!!.toList() shouldBe
                    "hällo".toByteArray().toList()
                client.withCodec(RedisCodec.BYTE_STRING_VALUES).fetch("kinds") shouldBe
                    ByteString("hällo".toByteArray())
                client.cmd("HSET", "kinds:hash", "a", "1", "b", "2") shouldBe 2L
                client.cmd("HGETALL", "kinds:hash") shouldBe mapOf("a" to "1", "b" to "2")
            }
        }

        test("values of every size come back whole, empty and of 20 MiB, also when they wait for room") {
            withClient(redis) { client ->
                val bytes = client.withCodec(RedisCodec.BYTE_VALUES)
                for (size in listOf(0, 1, 100, 32_767, 32_768, 100_000, 1 shl 20, 20 shl 20)) {
                    val value = ByteArray(size) { (it * 31 + size).toByte() }
                    bytes.store("size", value)
                    bytes.fetch("size").contentEquals(value) shouldBe true
                }
                List(40) { n ->
                    async {
                        val value = ByteArray(1 shl 20) { (it + n).toByte() }
                        bytes.store("size:$n", value)
                        bytes.fetch("size:$n").contentEquals(value)
                    }
                }.awaitAll().all { it } shouldBe true
            }
        }

        test("what a server refuses is an exception with code, command and text, and hurts nobody else") {
            withClient(redis) { client ->
                client.store("text", "x")
                val results =
                    List(100) { n ->
                        async {
                            val isGood = n % 2 == 0
                            if (isGood) client.echoed("$n") else runCatching { client.bump("text") }.exceptionOrNull()
                        }
                    }.awaitAll()
                results.filterIndexed { n, _ -> n % 2 == 0 } shouldBe List(50) { "${2 * it}" }
                val refusal = results[1] as RedisException
                refusal.code shouldBe "ERR"
                refusal.command shouldBe "INCR"
                refusal.message shouldBe "INCR: the server answers: ERR value is not an integer or out of range"
                client.snapshot().errorReplies shouldBe 50
            }
        }

        test("commands of coroutines that run at the same time leave in few sends and come back in order") {
            withClient(redis) { client ->
                client.echoed("connected")
                val sentBefore = runtime.snapshots().sumOf { it.enters() }
                List(1000) { n -> async { client.echoed("$n") } }.awaitAll() shouldBe List(1000) { "$it" }
                (runtime.snapshots().sumOf { it.enters() } - sentBefore).toInt() shouldBeLessThan 300
                client.snapshot().connects shouldBe 1
            }
        }

        test("every worker has a connection of its own, and threads that are no workers are served too") {
            withClient(redis, workers = 2) { client ->
                onEachWorker { index -> List(50) { client.echoed("$index:$it") } } shouldBe
                    List(2) { index -> List(50) { "$index:$it" } }
                client.snapshot().connects shouldBe 2
                withContext(Dispatchers.Default) {
                    List(200) { async { client.echoed("elsewhere $it") } }.awaitAll() shouldBe
                        List(200) { "elsewhere $it" }
                }
                client.snapshot().connects shouldBe 2
            }
        }

        test("more commands than may be in flight wait for room, and all are answered in order") {
            withClient(redis, configure = { copy(maxInFlight = 8) }) { client ->
                val order = mutableListOf<Int>()
                List(500) { n ->
                    launch {
                        client.echoed("$n") shouldBe "$n"
                        order += n
                    }
                }.forEach { it.join() }
                order shouldBe List(500) { it }
                client.snapshot().inFlight shouldBe 0
                client.snapshot().waiting shouldBe 0
            }
        }

        test("more commands than may wait are refused with the bound's name") {
            withClient(redis, configure = { copy(maxInFlight = 1, maxWaiting = 2) }) { client ->
                val results = List(10) { async { runCatching { client.echoed("x") } } }.awaitAll()
                results.count { it.isSuccess } shouldBe 3
                results.firstNotNullOf { it.exceptionOrNull() }.message!! shouldStartWith
                    "ECHO: maxWaiting=2 commands wait for unix:"
                client.echoed("goes on") shouldBe "goes on"
            }
        }

        test("a command that waits at the server does not hold up the others") {
            withClient(redis) { client ->
                val popped = async { client.popFirst("jobs", 0.0) }
                eventually({ "BLPOP waits" }) { "blocked_clients:1" in redis.admin("INFO clients") }
                client.echoed("meanwhile") shouldBe "meanwhile"
                client.cmd("RPUSH", "jobs", "one")
                popped.await() shouldBe ("jobs" to "one")
                client.popFirst("jobs", 0.01) shouldBe null
                // The second one found the first one's connection free.
                client.snapshot().connects shouldBe 2
            }
        }

        test("a cancelled wait at the server gives up its connection: it takes nothing that comes later") {
            withClient(redis) { client ->
                val popped = async { client.popFirst("later", 0.0) }
                eventually({ "BLPOP waits" }) { "blocked_clients:1" in redis.admin("INFO clients") }
                popped.cancelAndJoin()
                eventually({ "the server has noticed" }) { "blocked_clients:0" in redis.admin("INFO clients") }
                client.cmd("RPUSH", "later", "kept")
                client.popFirst("later", 0.0) shouldBe ("later" to "kept")
            }
        }

        test("more users of own connections than there may be wait for their turn") {
            withClient(redis, configure = { copy(blockingConnectionsMax = 2) }) { client ->
                val popped = List(6) { async { client.popFirst("turns", 0.0)!!.second } }
                eventually({ "two wait" }) { "blocked_clients:2" in redis.admin("INFO clients") }
                popped[4].cancelAndJoin()
                client.cmd("RPUSH", "turns", "0", "1", "2", "3", "5")
                (popped - popped[4]).awaitAll().sorted() shouldBe listOf("0", "1", "2", "3", "5")
                client.snapshot().connects shouldBe 3
            }
        }

        test("a connection is greeted with protocol, password, database and name") {
            RealRedis(isTcp = true).use { guarded ->
                guarded.admin("ACL SETUSER ann on >p:w ~* &* +@all") shouldBe "+OK"
                guarded.admin("CONFIG SET requirepass s3cret") shouldBe "+OK"
                withUring {
                    val named = redis("redis://ann:p%3Aw@127.0.0.1:${guarded.port}/3") { copy(clientName = "tests") }
                    named.use { client ->
                        client.cmd("CLIENT", "GETNAME") shouldBe "tests"
                        client.cmd("ACL", "WHOAMI") shouldBe "ann"
                        (client.cmd("CLIENT", "INFO") as String) shouldContain " db=3 "
                        (client.cmd("CLIENT", "INFO") as String) shouldContain " resp=3"
                    }
                    redis("redis://:s3cret@127.0.0.1:${guarded.port}") { copy(protocol = RespVersion.RESP2) }.use {
                        (it.cmd("CLIENT", "INFO") as String) shouldContain " resp=2"
                        it.cmd("ACL", "WHOAMI") shouldBe "default"
                    }
                    val place = "127.0.0.1:${guarded.port}"
                    val refusals =
                        mapOf(
                            "redis://:wrong@$place" to "WRONGPASS",
                            place to "NOAUTH",
                            "redis://ann:p:w@$place/99" to "ERR",
                        )
                    for ((url, code) in refusals) {
                        (runCatching { redis(url) }.exceptionOrNull() as RedisException).code shouldBe code
                    }
                }
            }
        }

        test("a server that is not there is an error at once, with the address and the remedy") {
            withUring {
                val failure = runCatching { redis("redis://127.0.0.1:1") }.exceptionOrNull() as RedisConnectionException
                failure.message!! shouldStartWith "cannot connect to 127.0.0.1:1: "
                failure.wasSent shouldBe false
                shouldThrow<ConfigException> { redis("redis://127.0.0.1:99999") }
            }
        }

        test("a reply that cannot be read fails its own command and no other") {
            withClient(redis) { client ->
                val broken =
                    object : ValueCodec<String> {
                        override fun write(
                            value: String,
                            writer: CommandWriter,
                        ) = error("cannot be written")

                        override fun read(bytes: ByteView): String = error("cannot be read")
                    }
                client.store("broken", "v")
                val unreadable = client.withCodec(RedisCodec(ValueCodec.UTF8, broken))
                val others = List(100) { async { client.echoed("$it") } }
                shouldThrow<IllegalStateException> { unreadable.fetch("broken") }.message shouldBe "cannot be read"
                shouldThrow<IllegalStateException> { unreadable.store("broken", "x") }.message shouldBe
                    "cannot be written"
                shouldThrow<IllegalStateException> { client.getView("broken") { error("in the block") } }
                shouldThrow<UnexpectedReplyException> {
                    client.execute(client.command(Command.of("PING")), Reply.LONG)
                }
                others.awaitAll() shouldBe List(100) { "$it" }
            }
        }

        test("a command that would change the shared connection is refused, with what to use instead") {
            withClient(redis) { client ->
                val select = Command.of("SELECT", Command.CONNECTION)
                shouldThrow<IllegalStateException> {
                    client.execute(client.command(select).arg(1), Replies.unit)
                }.message!! shouldStartWith "SELECT changes the state of its connection, which all coroutines"
            }
        }

        test("cancelling thousands of commands at random moments never gives anyone another one's reply") {
            val seed = System.getProperty("uring.fuzz.seed")?.toLong() ?: System.nanoTime()
            io.kotest.assertions.withClue("-During.fuzz.seed=$seed") {
                withClient(redis, configure = { copy(maxInFlight = 64) }) { client ->
                    val random = kotlin.random.Random(seed)
                    repeat(40) { round ->
                        val jobs =
                            List(100) { n ->
                                val key = "$round:$n:${random.nextInt()}"
                                launch {
                                    repeat(1 + n % 3) { client.echoed("$key:$it") shouldBe "$key:$it" }
                                    val results = client.pipeline { List(3) { store(key, "$key:$it") } + fetch(key) }
                                    results.last().value shouldBe "$key:2"
                                }
                            }
                        repeat(60) {
                            jobs[random.nextInt(jobs.size)].cancel()
                            if (random.nextBoolean()) client.echoed("between") shouldBe "between"
                        }
                        jobs.forEach { it.join() }
                    }
                    client.echoed("in step") shouldBe "in step"
                    val counted = client.snapshot()
                    counted.cancellations shouldBeGreaterThan 100
                    counted.connects shouldBe 1
                    eventually({ "nothing is in flight" }) { client.snapshot().inFlight == 0L }
                }
            }
        }

        test("a cancelled coroutine does not send") {
            withClient(redis) { client ->
                client.store("counted", "0")
                val job =
                    launch {
                        kotlin.coroutines.coroutineContext[kotlinx.coroutines.Job]!!.cancel()
                        client.bump("counted")
                    }
                job.join()
                client.fetch("counted") shouldBe "0"
            }
        }

        test("a timeout of the caller's own ends the wait, and the reply is dropped when it comes") {
            withClient(redis) { client ->
                // Longer than any machine is busy: the caller gives up before it ends.
                client.cmd("CLIENT", "PAUSE", "60000", "WRITE")
                runCatching { withTimeout(10.milliseconds) { client.store("paused", "x") } }.isFailure shouldBe true
                redis.admin("CLIENT UNPAUSE")
                client.echoed("next") shouldBe "next"
                client.fetch("paused").let { it == null || it == "x" } shouldBe true
            }
        }

        test("commands in flight are answered before a client that is closed goes, and later ones are refused") {
            withClient(redis) { client ->
                val answers = List(100) { async { client.echoed("$it") } }
                kotlinx.coroutines.yield()
                client.close()
                answers.awaitAll() shouldBe List(100) { "$it" }
                shouldThrow<RedisConnectionException> { client.echoed("late") }.message shouldBe
                    "ECHO: the client is closed"
            }
        }

        test("limits of time are finite unless said otherwise") {
            RedisConfig().commandTimeout shouldBe 10.seconds
            withClient(redis, configure = { copy(commandTimeout = Duration.INFINITE) }) { it.echoed("x") shouldBe "x" }
        }
    })
