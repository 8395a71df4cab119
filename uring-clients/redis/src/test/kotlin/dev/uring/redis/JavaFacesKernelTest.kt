package dev.uring.redis

import dev.uring.dsl.UringScope
import dev.uring.net.SendGuard
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import dev.uring.redis.commands.RedisAsyncCommands
import dev.uring.redis.commands.RedisBlockingCommands
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import java.lang.foreign.Arena
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executors
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

/** What Java can do beside commands, called as Java calls it: from a thread that may be blocked. */
class JavaFacesKernelTest :
    FunSpec({
        needsRedis()

        val server = lazy { RealRedis() }
        val redis by server
        afterSpec { if (server.isInitialized()) redis.close() }

        fun withJava(
            block: UringScope.(RedisAsyncClient<String, String>, RedisBlockingCommands<String, String>) -> Unit,
        ) {
            val url = redis.url
            withUring(workers = 2) {
                withContext(Dispatchers.IO) {
                    RedisAsyncClient.create(runtime, url).use { client ->
                        val commands = RedisBlockingCommands.of(client)
                        commands.flushAll()
                        block(client, commands)
                    }
                }
            }
        }

        test("blocking commands return what stages complete with, and throw what they fail with") {
            withJava { client, commands ->
                commands.set("k", "v") shouldBe true
                commands.get("k") shouldBe "v"
                commands.get("none") shouldBe null
                shouldThrow<RedisException> { commands.incr("k") }.code shouldBe "ERR"
                commands.blpop(listOf("none"), java.time.Duration.ofMillis(10)) shouldBe null
                RedisBlocking.await(client.cmd("ECHO", "x")) shouldBe "x"
                Thread.currentThread().interrupt()
                shouldThrow<RedisInterruptedException> {
                    commands.blpop(
                        listOf("none"),
                        java.time.Duration.ofSeconds(60),
                    )
                }
                Thread.interrupted() shouldBe true
            }
        }

        test("pipelines, transactions, watches and scripts give stages of what their blocks return") {
            withJava { client, commands ->
                val piped = client.pipeline { batch -> batch.set("a", "1").let { batch.incr("a") } to batch.get("a") }
                RedisBlocking.await(piped).run { first.value to second.value } shouldBe (2L to "2")
                val refused = client.pipeline { batch -> batch.lpush("a", listOf("x")) }
                shouldThrow<RedisException> { RedisBlocking.await(refused).value }.code shouldBe "WRONGTYPE"
                RedisBlocking.await(client.transaction { batch -> batch.incr("a") }).value shouldBe 3
                shouldThrow<IllegalStateException> {
                    RedisBlocking.await(client.pipeline<Unit> { throw IllegalStateException("of the block's own") })
                }.message shouldBe "of the block's own"
                val script = RedisScript("return {KEYS[1], ARGV[1]}")
                val both = client.script(script, Reply.list(Reply.STRING), listOf("k"), listOf("v"))
                RedisBlocking.await(both) shouldBe listOf("k", "v")
                RedisBlocking.await(client.getView("a") { it!!.toUtf8() }) shouldBe "3"

                val runs = AtomicInteger()
                val watched: CompletionStage<Long> =
                    client.watch(listOf("a")) { watch ->
                        RedisAsyncCommands.of(watch).get("a").thenCompose { read ->
                            // Somebody else is faster the first time.
                            val isFirst = runs.incrementAndGet() == 1
                            val other =
                                if (isFirst) {
                                    client.cmd(
                                        "INCR",
                                        "a",
                                    )
                                } else {
                                    CompletableFuture.completedFuture(null)
                                }
                            other
                                .thenCompose { watch.commit { batch -> batch.set("a", "${read!!.toInt() * 10}") } }
                                .thenApply { read!!.toLong() }
                        }
                    }
                RedisBlocking.await(watched) shouldBe 4
                runs.get() shouldBe 2
                commands.get("a") shouldBe "40"
            }
        }

        test("scans are lists or streams, and a stream that is closed early asks for no more pages") {
            withJava { client, commands ->
                repeat(500) { commands.set("scan:$it", "v") }
                commands.hset("hash", mapOf("f" to "1", "g" to "2"))
                commands.sadd("set", listOf("a", "b"))
                RedisBlocking.await(client.scanAll("scan:*", 10).toList()).toSet().size shouldBe 500
                client.scanAll("scan:*").stream().use { it.distinct().count() } shouldBe 500
                val before = client.snapshot().commandsSent
                client.scanAll("scan:*", 10).stream().use { keys ->
                    keys.iterator().next().startsWith("scan:") shouldBe
                        true
                }
                (client.snapshot().commandsSent - before < 20) shouldBe true
                RedisBlocking.await(client.hscanAll("hash").toList()).associate { it.key to it.value } shouldBe
                    mapOf("f" to "1", "g" to "2")
                RedisBlocking.await(client.sscanAll("set").toList()).toSet() shouldBe setOf("a", "b")
                client
                    .execute(
                        client
                            .command(Command.of("ZADD"))
                            .key("zset")
                            .arg("1.5")
                            .arg("m"),
                        Reply.LONG,
                    ).let {
                        RedisBlocking.await(it)
                    }
                RedisBlocking.await(client.zscanAll("zset").toList()).single().run { member to score } shouldBe
                    ("m" to 1.5)
                shouldThrow<RedisException> { client.hscanAll("set").stream().use { it.count() } }.code shouldBe
                    "WRONGTYPE"
            }
        }

        test(
            "messages come to a listener in their order, on a worker or on an executor's threads, until it is closed",
        ) {
            withJava { client, commands ->
                val threads = Executors.newSingleThreadExecutor { Thread(it, "of the program's own") }
                val begun = CountDownLatch(2)
                val heard = LinkedBlockingQueue<String>()
                val here = LinkedBlockingQueue<String>()
                val news = client.subscribe("news").whenBegun { begun.countDown() }
                val first = news.forEach { heard += it.payload }
                val second = news.forEach(threads) { here += "${it.payload} on ${Thread.currentThread().name}" }
                begun.await(20, TimeUnit.SECONDS) shouldBe true
                repeat(100) { commands.publish("news", "$it") }
                List(100) { heard.poll(20, TimeUnit.SECONDS) } shouldBe List(100) { "$it" }
                List(100) { here.poll(20, TimeUnit.SECONDS) } shouldBe List(100) { "$it on of the program's own" }
                first.close()
                second.close()
                for (listening in listOf(first, second)) {
                    shouldThrow<java.util.concurrent.CancellationException> { RedisBlocking.await(listening.ended()) }
                }
                threads.shutdown()

                val patterns = LinkedBlockingQueue<String?>()
                val again = CountDownLatch(1)
                client
                    .psubscribe("n*")
                    .whenBegun { again.countDown() }
                    .forEachStage { CompletableFuture.runAsync { patterns += it.pattern } }
                    .use {
                        again.await(20, TimeUnit.SECONDS) shouldBe true
                        commands.publish("next", "x")
                        patterns.poll(20, TimeUnit.SECONDS) shouldBe "n*"
                    }
                val failing = CountDownLatch(1)
                val failed =
                    client
                        .subscribe(
                            "bad",
                        ).whenBegun { failing.countDown() }
                        .forEach { throw IllegalStateException("of the listener") }
                failing.await(20, TimeUnit.SECONDS)
                commands.publish("bad", "x")
                shouldThrow<IllegalStateException> { RedisBlocking.await(failed.ended()) }.message shouldBe
                    "of the listener"
            }
        }

        test("an entry of a consumer group is acknowledged when it was worked on, and comes again when that failed") {
            withJava { client, commands ->
                commands.xadd("jobs", mapOf("n" to "1"))
                commands.xadd("jobs", mapOf("n" to "2"))
                RedisBlocking.await(client.cmd("XGROUP", "CREATE", "jobs", "workers", "0"))
                val seen = CopyOnWriteArrayList<String>()
                val failing =
                    client
                        .consumerGroup(
                            "jobs",
                            "workers",
                            "me",
                        ).forEach { throw IllegalStateException("broken") }
                shouldThrow<IllegalStateException> { RedisBlocking.await(failing.ended()) }
                client.consumerGroup("jobs", "workers", "me").stream().use { entries ->
                    val each = entries.iterator()
                    seen += each.next().id
                    seen += each.next().id
                    // The second is still being worked on.
                    (RedisBlocking.await(client.cmd("XPENDING", "jobs", "workers")) as List<*>)[0] shouldBe 1L
                }
                seen.distinct().size shouldBe 2
            }
        }

        test("large values are read from a stream of Java's and given in pieces, and memory can be handed over") {
            withJava { client, _ ->
                val bytes = kotlin.random.Random(1).nextBytes(300_000)
                RedisBlocking.await(client.setStream("large", bytes.inputStream())) shouldBe 300_000L
                val pieces = RedisBlocking.await(client.getStream("large", 50_000).toList())
                pieces.map { it.size }.distinct() shouldContainExactly listOf(50_000)
                pieces.reduce { a, b -> a + b }.contentEquals(bytes) shouldBe true
                val released = CountDownLatch(1)
                val memory = Arena.ofAuto().allocate(10_000)
                RedisBlocking.await(client.setHandedOver("handed", SendGuard.of(memory) { released.countDown() }))
                released.await(20, TimeUnit.SECONDS) shouldBe true
                RedisBlocking.await(client.getView("handed") { it!!.size() }) shouldBe 10_000
            }
        }

        test("a cache answers Java too, and events and monitors are listened to") {
            withJava { client, commands ->
                commands.set("k", "v")
                client.cached().use { cached ->
                    val read = RedisAsyncCommands.of(cached)
                    val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20)
                    while (cached.snapshot().hits == 0L &&
                        System.nanoTime() < deadline
                    ) {
                        RedisBlocking.await(read.get("k")) shouldBe "v"
                    }
                    (cached.snapshot().hits > 0) shouldBe true
                }
                RedisBlocking.await(client.cmd("CONFIG", "SET", "notify-keyspace-events", "KEA"))
                val events = LinkedBlockingQueue<KeyspaceEvent>()
                val seen = LinkedBlockingQueue<List<String>>()
                val begun = CountDownLatch(2)
                client.keyspaceEvents(0, "e*").whenBegun { begun.countDown() }.forEach { events += it }.use {
                    client.monitor().whenBegun { begun.countDown() }.forEach { seen += it.words }.use {
                        begun.await(20, TimeUnit.SECONDS) shouldBe true
                        commands.set("event", "v")
                        events.poll(20, TimeUnit.SECONDS) shouldBe KeyspaceEvent("event", "set")
                        // It may have seen the other subscription as well.
                        val first = generateSequence { seen.poll(20, TimeUnit.SECONDS) }.first { it[0] == "SET" }
                        first shouldBe listOf("SET", "event", "v")
                    }
                }
            }
        }

        test("on a worker nothing that would block it is begun") {
            val url = redis.url
            withUring {
                RedisAsyncClient.create(runtime, url).use { client ->
                    shouldThrow<IllegalStateException> {
                        RedisBlockingCommands
                            .of(
                                client,
                            ).get("k")
                    }.message!! shouldContain
                        "on a worker"
                    shouldThrow<IllegalStateException> { client.scanAll().stream() }.message!! shouldContain
                        "on a worker"
                }
            }
        }
    })
