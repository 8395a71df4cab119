package dev.uring.message.codec

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeSameInstanceAs

class MessageTest :
    FunSpec({
        test("a message that was handed over cannot be used, and the exception says to whom it went") {
            val message = Message().operation(MessageOperation.REQUEST).channel(7).id(3)
            val headers = message.headers()
            val body = message.body()
            val cursor = headers.cursor()
            val holder = TestHolder(message)
            holder.take("Group.send on channel 7")
            val uses =
                listOf<() -> Unit>(
                    { message.channel() },
                    { message.id(4) },
                    { message.body() },
                    { message.release() },
                    { message.reset() },
                    { message.copy() },
                    { body.appendByte(1) },
                    { body.toByteArray() },
                    { headers.append("a", "b") },
                    { cursor.next() },
                    { MessageRules.checkAndPrepare(message, WireFormat.V1) },
                )
            for (use in uses) {
                shouldThrow<IllegalStateException> { use() }.message shouldBe
                    "used after it was handed over to Group.send on channel 7: message(REGULAR REQUEST, channel=7, " +
                    "id=3, headers=0 B, body=0 B).\n  It is the engine's or somebody else's now. Copy what is needed " +
                    "before, or send a copy(); -Ddev.uring.message.checks=strict shows the place."
            }
            "$message" shouldBe "message(handed over to Group.send on channel 7)"
            holder.giveBack()
            message.id() shouldBe 3
        }

        test("released twice is a mistake that is found") {
            val message = Message()
            val holder = TestHolder(message)
            message.release()
            shouldThrow<IllegalStateException> { message.release() }.message shouldContain "Message.release"
            holder.releases shouldBe 1
        }

        test("a copy has all but the context, and lives on its own") {
            val message =
                Message()
                    .operation(MessageOperation.RESPONSE)
                    .channel(9)
                    .id(3)
                    .oob(true)
                    .context("mine")
            message.headers().append("n", "v")
            message.body().appendUtf8("text")
            val copy = message.copy()
            copy.seen() shouldBe message.seen()
            copy.context() shouldBe null
            copy.body().clear()
            message.body().toUtf8() shouldBe "text"
        }

        test("a request becomes its response in place") {
            val message = Message().operation(MessageOperation.HELLO_REQUEST).channel(9).id(3)
            message.headers().append("n", "v")
            message.body().appendUtf8("text")
            message.toResponse()
            message.seen() shouldBe Seen(9, MessageOperation.HELLO_RESPONSE, false, false, false, 3, "", "")
            shouldThrow<IllegalStateException> { message.toResponse() }.message shouldContain "is no request"
        }

        test("bodies take numbers, text, arrays and grow") {
            val body = Message().body()
            body
                .appendLong(-2)
                .appendUtf8("aé€😀")
                .append(ByteArray(1000) { it.toByte() }, 10, 900)
                .appendByte(7)
            body.getLong(0) shouldBe -2
            body.toUtf8(8, 10) shouldBe "aé€😀"
            body.size() shouldBe 8 + 10 + 900 + 1
            body.get(body.size() - 1) shouldBe 7
            shouldThrow<IndexOutOfBoundsException> { body.get(body.size()) }
            shouldThrow<IndexOutOfBoundsException> { body.getLong(body.size() - 7) }
        }

        context("text headers are read") {
            val cases =
                mapOf(
                    "a: b" to listOf("a" to "b"),
                    "a: b\r\nc:  \r\nd:e\r\n\r\nf: g\r\n\r\n" to listOf("a" to "b", "c" to "", "d" to "e", "f" to "g"),
                    ": ss\r\n\r\n" to emptyList(),
                    "a:b\r\n\r\n: ss\r\n\r\n" to listOf("a" to "b"),
                    "no colon\r\nx:\ty:z \t" to listOf("no colon" to "", "x" to "y:z"),
                    "a:b\rc\nd\r\r\ne:f" to listOf("a" to "b\rc\nd\r", "e" to "f"),
                    "" to emptyList(),
                    "\r\n\r\n" to emptyList(),
                )
            for ((text, expected) in cases) {
                test(text.replace("\r", "\\r").replace("\n", "\\n").ifEmpty { "(none)" }) {
                    val cursor =
                        Message()
                            .headers()
                            .appendRaw(text)
                            .cursor()
                    repeat(2) {
                        generateSequence { if (cursor.next()) cursor.name() to cursor.value() else null }
                            .toList() shouldBe expected
                        cursor.rewind()
                    }
                }
            }
        }

        test("text headers are written without a blank, names trimmed") {
            val headers = Message().headers()
            headers.append(" \tname\r\n", " value ").append("é", "ü")
            headers.bytes().toUtf8() shouldBe "name: value \r\né:ü\r\n"
            headers.first("name") shouldBe "value"
            headers.first("nobody") shouldBe null
        }

        test("text headers that would be read back as others are refused") {
            val headers = Message().headers()
            for ((name, value) in listOf(
                "" to "v",
                " \r\n" to "v",
                "n" to "",
                "n:m" to "v",
                "n" to "v\r\nx:y",
                "n" to "\n",
            )) {
                shouldThrow<IllegalArgumentException> { headers.append(name, value) }
            }
            headers.isEmpty shouldBe true
        }

        test("addresses") {
            ChannelAddress.parse("tcp|127.0.0.1|7099") shouldBe ChannelAddress.tcp("127.0.0.1", 7099)
            ChannelAddress.parse("tcp|::1|7099")!!.toEndpoint() shouldBe "[::1]:7099"
            ChannelAddress.parse("uds|/tmp/x")!!.toEndpoint() shouldBe "unix:/tmp/x"
            for (wrong in listOf(
                "",
                "tcp",
                "tcp||1",
                "tcp|h|x",
                "tcp|h|65536",
                "tcp|h|-1",
                "udp|h|1",
                "tcp|h|1|2",
                "uds|",
                "uds|${"x".repeat(108)}",
            )) {
                ChannelAddress.parse(wrong) shouldBe null
            }
        }

        test("a pool gives what came last, and tells once that it is not empty any more") {
            val made = ArrayList<Message>()
            val pool = MessagePool(2, 3, 1 shl 20) { made += it }
            val first = pool.take(PoolStrategy.POOL_ONLY)
            val second = pool.take(PoolStrategy.POOL_ONLY)
            pool.take(PoolStrategy.POOL_ONLY) shouldBe null
            val third = pool.take(PoolStrategy.ALWAYS)
            made shouldBe listOf(second, first, third)
            pool.put(first) shouldBe true
            pool.put(second) shouldBe false
            pool.put(third) shouldBe false
            pool.put(Message()) shouldBe false
            pool.droppedTotal() shouldBe 1
            for (expected in listOf(third, second, first)) {
                pool.take(PoolStrategy.ALWAYS) shouldBeSameInstanceAs
                    expected
            }
        }

        test("a pool that shall keep more does, and what is too much then leaves it as it is taken") {
            val pool = MessagePool(0, 1, 1 shl 20) { }
            val messages = List(4) { pool.take(PoolStrategy.ALWAYS) }
            pool.keep(3)
            messages.forEach(pool::put)
            pool.count() shouldBe 3
            pool.droppedTotal() shouldBe 1
            pool.keep(2)
            repeat(2) { pool.put(pool.take(PoolStrategy.POOL_ONLY)) }
            pool.count() shouldBe 2
            pool.droppedTotal() shouldBe 2
        }

        test("a pool keeps no more memory than it may") {
            val pool = MessagePool(0, 10, 100_000) { }
            val messages = List(3) { pool.take(PoolStrategy.ALWAYS).also { m -> m.body().append(ByteArray(60_000)) } }
            messages.forEach(pool::put)
            pool.keptBytes() shouldBe 60_000 - 256
            // The one that came last has kept its memory: it is the next that is used.
            pool.take(PoolStrategy.POOL_ONLY)
            pool.keptBytes() shouldBe 0
            repeat(2) {
                pool
                    .take(PoolStrategy.POOL_ONLY)
                    .body()
                    .size() shouldBe 0
            }
            pool.keptBytes() shouldBe 0
        }

        test("what the pool gives is as new") {
            val pool = MessagePool(1, 1, 1 shl 20) { }
            val message = pool.take(PoolStrategy.POOL_ONLY)
            message
                .operation(MessageOperation.REQUEST)
                .channel(5)
                .id(6)
                .context(this)
            message.headers().append("a", "b")
            message.body().appendByte(1)
            pool.put(message)
            pool.take(PoolStrategy.POOL_ONLY).seen() shouldBe Message().seen()
        }
    })
