package dev.uring.redis.modules

import dev.uring.redis.codec.Reply
import dev.uring.redis.commands.JsonReplies
import dev.uring.redis.commands.matches
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

/** Replies of RedisJSON as its documentation has them, over RESP2 and RESP3, for both kinds of paths. */
class JsonReplyTest :
    FunSpec({
        test("a path that may match many gives a list, one of the old kind its only value, no key nothing") {
            val lengths = matches(Reply.LONG_OR_NULL)
            read(lengths, listOf(3, null, 0)) shouldBe listOf(3L, null, 0L)
            read(lengths, 3) shouldBe listOf(3L)
            read(lengths, null) shouldBe emptyList()
            read(lengths, emptyList<Any>()) shouldBe emptyList()
            read(matches(Reply.STRING_OR_NULL), listOf("{\"a\":1}", null)) shouldBe listOf("{\"a\":1}", null)
            read(matches(Reply.STRING_OR_NULL), "1") shouldBe listOf("1")
        }

        test("numbers come as JSON text over RESP2 and as numbers over RESP3") {
            read(JsonReplies.numbers, "[4,4.2,null]") shouldBe listOf(4.0, 4.2, null)
            read(JsonReplies.numbers, "[]") shouldBe emptyList()
            read(JsonReplies.numbers, "-2.5e3") shouldBe listOf(-2500.0)
            read(JsonReplies.numbers, listOf(4, 4.2, null)) shouldBe listOf(4.0, 4.2, null)
            read(JsonReplies.numbers, 7) shouldBe listOf(7.0)
        }

        test("types are in one list more over RESP3, and none of a key that is not there") {
            read(JsonReplies.types, listOf("null", "integer")) shouldBe listOf("null", "integer")
            read(JsonReplies.types, listOf(listOf("null", "integer"))) shouldBe listOf("null", "integer")
            read(JsonReplies.types, "object") shouldBe listOf("object")
            read(JsonReplies.types, listOf(null)) shouldBe emptyList()
            read(JsonReplies.types, null) shouldBe emptyList()
            read(JsonReplies.types, listOf(emptyList<Any>())) shouldBe emptyList()
        }

        test("what was toggled is 0 and 1, or a text for a path of the old kind") {
            read(JsonReplies.toggled, listOf(1, 0, null)) shouldBe listOf(true, false, null)
            read(JsonReplies.toggled, "true") shouldBe listOf(true)
            read(JsonReplies.toggled, "false") shouldBe listOf(false)
        }

        test("names of members are a list for each object, or the list itself for a path of the old kind") {
            read(JsonReplies.keys, listOf(listOf("a", "b"), null, emptyList())) shouldBe
                listOf(listOf("a", "b"), null, emptyList())
            read(JsonReplies.keys, listOf("a", "b")) shouldBe listOf(listOf("a", "b"))
            read(JsonReplies.keys, listOf(null)) shouldBe listOf(null)
            read(JsonReplies.keys, null) shouldBe emptyList()
        }
    })
