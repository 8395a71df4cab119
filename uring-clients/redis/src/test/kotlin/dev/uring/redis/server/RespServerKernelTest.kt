package dev.uring.redis.server

import dev.uring.redis.codec.multibulk
import dev.uring.redis.store.Keyspace
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.delay
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicLong
import kotlin.concurrent.thread
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds

class RespServerKernelTest :
    FunSpec({
        needsKernel()

        fun <T> serving(
            workersCount: Int = 2,
            declare: RespCommands<Keyspace>.() -> Unit = ::keyspaceCommands,
            test: (RunningServer<Keyspace>) -> T,
        ): T = RunningServer(workersCount, { Keyspace() }, declare = declare).use(test)

        test("connections on two workers get exactly the replies that a plain map gives, in order") {
            val seed = System.nanoTime()
            serving { server ->
                val wrong = ConcurrentLinkedQueue<String>()
                val clients =
                    List(40) { number ->
                        thread {
                            val random = Random(seed + number)
                            val script = RandomScript(random, keyPrefix = "client$number:")
                            runCatching {
                                server.connect().use { client ->
                                    repeat(30) {
                                        val requestsFrom = script.requests.length
                                        val repliesFrom = script.replies.length
                                        repeat(random.nextInt(1, 60)) { script.addCommand() }
                                        val requests = script.requests.substring(requestsFrom)
                                        val expected = script.replies.substring(repliesFrom)
                                        val cut = random.nextInt(requests.length)
                                        client.send(requests.take(cut))
                                        client.send(requests.drop(cut))
                                        val replies = client.read(expected.length)
                                        if (replies !=
                                            expected
                                        ) {
                                            wrong += "client $number: sent\n$requests\ngot\n$replies"
                                        }
                                    }
                                }
                            }.onFailure { wrong += "client $number: $it" }
                        }
                    }
                clients.forEach { it.join() }
                withClue("seed=$seed") { wrong.shouldBeEmpty() }
                server.failures.shouldBeEmpty()
            }
        }

        test("a protocol error is answered behind the replies before it, and the connection closes in order") {
            serving { server ->
                server.connect().use { client ->
                    client.send(
                        multibulk("SET", "a", "1") + multibulk("SET", "b", "2") + "*1\r\nX\r\n" + multibulk("DBSIZE"),
                    )
                    client.readToEnd() shouldBe "+OK\r\n+OK\r\n-ERR Protocol error: expected '$', got 'X'\r\n"
                }
                server.connect().use { it.ask(multibulk("DBSIZE")) shouldBe ":2\r\n" }
            }
        }

        test("an announced length of 1 GiB is refused without waiting for a byte of it") {
            serving { server ->
                server.connect().use { client ->
                    client.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1073741824\r\n")
                    client.readToEnd() shouldBe "-ERR Protocol error: invalid bulk length\r\n"
                }
            }
        }

        test("QUIT is the last request that is answered") {
            serving { server ->
                server.connect().use { client ->
                    client.send("ECHO a\r\nQUIT\r\nECHO b\r\n")
                    client.readToEnd() shouldBe "$1\r\na\r\n+OK\r\n"
                }
            }
        }

        test("HELLO changes the protocol in the middle of a pipeline, for keys of every worker") {
            serving { server ->
                server.connect().use { client ->
                    val gets = List(8) { multibulk("GET", "none$it") }.joinToString("")
                    client.send(gets + multibulk("HELLO", "3") + gets)
                    client.read("$-1\r\n".length * 8) shouldBe "$-1\r\n".repeat(8)
                    client.reply()!!.take(4) shouldBe "%7\r\n"
                    client.read("_\r\n".length * 8) shouldBe "_\r\n".repeat(8)
                }
            }
        }

        test("values larger than any buffer of a connection are stored and read back, whoever owns them") {
            serving { server ->
                server.connect().use { client ->
                    // More than frameBytesMax in, and more than sendHighWaterBytes out; with 4 keys both workers own some.
                    val value = Random(5).nextBytes(20 shl 20)
                    for (key in listOf("k1", "k2", "k3", "k4")) {
                        client.send("*3\r\n$3\r\nSET\r\n$2\r\n$key\r\n$${value.size}\r\n")
                        client.send(value)
                        client.ask("\r\n") shouldBe "+OK\r\n"
                        client.send(multibulk("GET", key))
                        client.read("$${value.size}\r\n".length) shouldBe "$${value.size}\r\n"
                        withClue(key) { (client.read(value.size) == String(value, Charsets.ISO_8859_1)) shouldBe true }
                        client.read(2) shouldBe "\r\n"
                    }
                }
            }
        }

        test("a client that pipelines and does not read costs only itself") {
            serving { server ->
                server.connect().use { slow ->
                    val value = "v".repeat(64 shl 10)
                    slow.ask(multibulk("SET", "a", value)) shouldBe "+OK\r\n"
                    slow.ask(multibulk("SET", "b", value)) shouldBe "+OK\r\n"
                    val requests = 2_000
                    // From another thread: the server stops reading long before all of it is sent.
                    val sender =
                        thread {
                            slow.send(
                                List(requests) {
                                    multibulk(
                                        "GET",
                                        if (it % 3 ==
                                            0
                                        ) {
                                            "b"
                                        } else {
                                            "a"
                                        },
                                    )
                                }.joinToString(""),
                            )
                        }
                    server.connect().use { other ->
                        repeat(200) {
                            other.ask(multibulk("GET", "a"))!!.length shouldBe
                                value.length + 10
                        }
                    }
                    repeat(requests) { slow.reply() shouldBe "$65536\r\n$value\r\n" }
                    sender.join()
                }
                server.failures.shouldBeEmpty()
            }
        }

        test("a command that suspends holds up its own connection and no other, and keeps its arguments") {
            val gate = Channel<Unit>()
            serving(declare = {
                keyspaceCommands(this)
                suspendCommand("WAIT", arity = 2) {
                    gate.receive()
                    val sizes = onEachShard { it.size() }
                    reply.array(2)
                    reply.bulk(arg(1))
                    reply.integer(sizes.sum())
                }
            }) { server ->
                server.connect().use { waiting ->
                    server.connect().use { other ->
                        waiting.send(multibulk("SET", "a", "1") + multibulk("WAIT", "kept") + multibulk("GET", "a"))
                        waiting.reply() shouldBe "+OK\r\n"
                        repeat(20) { other.ask(multibulk("SET", "k$it", "v")) shouldBe "+OK\r\n" }
                        gate.trySend(Unit).isSuccess shouldBe true
                        waiting.reply() shouldBe "*2\r\n$4\r\nkept\r\n:21\r\n"
                        waiting.reply() shouldBe "$1\r\n1\r\n"
                    }
                }
            }
        }

        test("a handler that fails ends its connection, after the replies before it, and no other") {
            serving(declare = {
                keyspaceCommands(this)
                command("FAIL", arity = 1) { error("a bug") }
                command("FAILAT", arity = 2, key = 1) { error("a bug where the key is") }
                suspendCommand("FAILLATER", arity = 1) {
                    delay(1.milliseconds)
                    error("a late bug")
                }
                command("SILENT", arity = 1) { }
                command("CHATTY", arity = 1) { repeat(2) { reply.ok() } }
                command("HALF", arity = 1) { reply.array(2).also { reply.ok() } }
            }) { server ->
                server.connect().use { bystander ->
                    for ((request, replies) in listOf(
                        "FAIL" to "-ERR internal error in 'fail' command\r\n",
                        "FAILLATER" to "-ERR internal error in 'faillater' command\r\n",
                        "SILENT" to "-ERR internal error in 'silent' command\r\n",
                    )) {
                        server.connect().use { client ->
                            client.send("SET x 1\r\n$request\r\nSET x 2\r\n")
                            client.reply() shouldBe "+OK\r\n"
                            client.reply() shouldBe replies
                            client.replyIfAny() shouldBe null
                        }
                        bystander.ask(multibulk("GET", "x")) shouldBe "$1\r\n1\r\n"
                    }
                    // Where keys are on several workers, other commands of the pipeline may have run; none is answered.
                    for (key in listOf("a", "b", "c")) {
                        server.connect().use { client ->
                            client.send("SET $key 1\r\nFAILAT $key\r\nSET $key 2\r\n")
                            client.reply() shouldBe "+OK\r\n"
                            client.reply() shouldBe "-ERR internal error in 'failat' command\r\n"
                            client.replyIfAny() shouldBe null
                            bystander.ask(multibulk("GET", key)) shouldBe "$1\r\n1\r\n"
                        }
                    }
                    for ((request, replies) in listOf("CHATTY" to "+OK\r\n+OK\r\n", "HALF" to "*2\r\n+OK\r\n")) {
                        server.connect().use { client ->
                            client.send("$request\r\nPING\r\n")
                            client.read(replies.length) shouldBe replies
                            client.replyIfAny() shouldBe null
                        }
                    }
                }
                server.failures.map { it.message!!.lines().first() } shouldBe
                    listOf(
                        "a bug",
                        "a late bug",
                        "the handler of command 'silent' wrote 1 values too few.",
                        "a bug where the key is",
                        "a bug where the key is",
                        "a bug where the key is",
                        "the handler of command 'chatty' wrote 1 values too many.",
                        "the handler of command 'half' wrote 1 values too few.",
                    )
            }
        }

        test("clients that reset in the middle of their pipelines leave nothing behind") {
            serving { server ->
                repeat(200) { round ->
                    server.connect().run {
                        send(
                            List(50) { multibulk("MSET", "a$it", "1", "b$it", "2", "c$it", "$round") }.joinToString(""),
                        )
                        if (round % 2 == 0) reply()
                        reset()
                    }
                }
                server.connect().use { it.ask(multibulk("PING")) shouldBe "+PONG\r\n" }
                awaitUntil("connections left") {
                    (0..1).sumOf {
                        server.runtime
                            .worker(it)
                            .snapshot()
                            .connectionsActive()
                    } == 0
                }
            }
        }

        test("a shutdown under load answers every command that has taken effect") {
            repeat(5) {
                val keyspaces = CopyOnWriteArrayList<Keyspace>()
                val answered = AtomicLong()
                val underway = CountDownLatch(100)
                val server = RunningServer(2, { Keyspace().also(keyspaces::add) }, declare = ::keyspaceCommands)
                val clients =
                    List(20) { number ->
                        val client = server.connect()
                        thread {
                            val pipeline = List(16) { multibulk("INCR", "key${(number + it) % 10}") }.joinToString("")
                            client.use {
                                runCatching {
                                    while (true) {
                                        client.send(pipeline)
                                        repeat(16) {
                                            checkNotNull(client.reply()) { "closed" }
                                            answered.incrementAndGet()
                                        }
                                        underway.countDown()
                                    }
                                }
                            }
                        }
                    }
                underway.await()
                server.close()
                clients.forEach { it.join() }
                server.failures.shouldBeEmpty()
                keyspaces shouldHaveSize 2
                var taken = 0L
                for (keyspace in keyspaces) keyspace.forEach { taken += it.toLong() }
                answered.get() shouldBe taken
            }
        }

        test("a task runs on every worker with its shard, again and again, and ends with the server") {
            val keyspaces = CopyOnWriteArrayList<Keyspace>()
            val runs = ConcurrentLinkedQueue<Pair<Keyspace, String>>()
            RunningServer(2, { Keyspace().also(keyspaces::add) }, declare = {
                every(2.milliseconds) { shard -> runs += shard to Thread.currentThread().name }
            }).use {
                // Of both: one worker may get no processor while the other's runs are many.
                awaitUntil("runs: $runs") {
                    runs.groupBy { it.second }.run { size == 2 && values.all { it.size > 10 } }
                }
            }
            val after = runs.size
            keyspaces.toSet() shouldBe runs.map { it.first }.toSet()
            runs.map { it.second }.toSet() shouldBe setOf("uring-worker-0", "uring-worker-1")
            runs.size shouldBe after
        }

        test("a view that a handler kept is empty when the handler has returned") {
            serving(declare = {
                var kept: dev.uring.bytes.ByteView? = null
                command("KEEP", arity = 2) {
                    kept = arg(1)
                    reply.ok()
                }
                command("USE", arity = 1) {
                    reply.simple(
                        runCatching { kept!!.get(0) }
                            .exceptionOrNull()!!
                            .message!!
                            .lines()
                            .first(),
                    )
                }
            }) { server ->
                server.connect().use { client ->
                    client.ask(multibulk("KEEP", "secret")) shouldBe "+OK\r\n"
                    client.ask(multibulk("USE"))!! shouldContain "RespCall, until its handler returns"
                }
            }
        }
    })

/** Waits until [condition] holds; fails when that takes longer than a healthy machine could. */
internal fun awaitUntil(
    what: String,
    condition: () -> Boolean,
) {
    val deadline = System.nanoTime() + 20_000_000_000
    while (!condition()) {
        check(System.nanoTime() < deadline) { "after 20 s: $what" }
        Thread.sleep(1)
    }
}
