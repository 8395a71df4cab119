// A cache that speaks the Redis protocol: keys and values in memory, shared out among the workers, one per core.
//
//   ./uring run samples/scripts/cache.uring.kts --port 6379
//   redis-cli set greeting hello EX 60
//
// Every command below runs on the worker that owns its key, alone, so nothing here is locked. What spans workers, MGET
// say, runs on each of them with its own keys, and `merge` says how one reply is made of theirs.

import dev.uring.redis.store.*

val bind = option("--bind", default = "127.0.0.1")
val port = option("--port", default = "6379")
val settings = mapOf("appendonly" to "no", "bind" to bind, "databases" to "1", "port" to port, "save" to "")

val server =
    respServer("$bind:$port", shard = { Keyspace() }) {
        command("GET", arity = 2, key = 1) { reply.bulk(shard[key]) }
        command("STRLEN", arity = 2, key = 1) { reply.integer(shard[key]?.size() ?: 0) }
        command("SET", arity = -3, key = 1) {
            val options = setOptions(from = 3)
            val old = shard[key]
            val isSet = options.allows(isPresent = old != null)
            val deadline = if (options.keepsDeadline && old != null) old.deadlineMillis() else options.deadlineMillis
            if (options.returnsOld) reply.bulk(old)
            if (isSet) shard.setDeadline(shard.set(key, arg(2)), deadline)
            if (!options.returnsOld) {
                if (isSet) {
                    reply.ok()
                } else {
                    reply.nil()
                }
            }
        }
        command("SETNX", arity = 3, key = 1) {
            val isNew = key !in shard
            if (isNew) shard.set(key, arg(2))
            reply.integer(isNew)
        }
        command("APPEND", arity = 3, key = 1) {
            val entry = shard.getOrAdd(key)
            entry.append(arg(2))
            reply.integer(entry.size())
        }

        command("MGET", arity = -2, keys = 1..-1, merge = Merge.EACH) {
            reply.array(keysCount)
            eachKey { reply.bulk(shard[it]) }
        }
        command("MSET", arity = -3, keys = 1..-1 step 2, merge = Merge.SAME) {
            eachPair { key, value -> shard.set(key, value) }
            reply.ok()
        }
        command("DEL", arity = -2, keys = 1..-1, merge = Merge.SUM) { reply.integer(countKeys { shard.remove(it) }) }
        command("EXISTS", arity = -2, keys = 1..-1, merge = Merge.SUM) { reply.integer(countKeys { it in shard }) }

        fun RespCall<Keyspace>.add(change: Long) {
            val old = shard[key]
            if (old != null && !old.isLong) throw RespError.NOT_AN_INTEGER
            val before = old?.toLong() ?: 0
            val sum = before + change
            if (((before xor sum) and (change xor sum)) < 0) throw RespError.WOULD_OVERFLOW
            shard.getOrAdd(key).setLong(sum)
            reply.integer(sum)
        }
        command("INCR", arity = 2, key = 1) { add(1) }
        command("DECR", arity = 2, key = 1) { add(-1) }
        command("INCRBY", arity = 3, key = 1) { add(long(2)) }
        command("DECRBY", arity = 3, key = 1) {
            val change = long(2)
            if (change == Long.MIN_VALUE) fail("ERR decrement would overflow")
            add(-change)
        }

        fun RespCall<Keyspace>.expire(
            unitMillis: Long,
            sinceMillis: Long,
        ) {
            val options = expireOptions(2, unitMillis, sinceMillis)
            val entry = shard[key]?.takeIf { options.allows(it.deadlineMillis()) }
            if (entry != null) shard.setDeadline(entry, options.deadlineMillis)
            reply.integer(entry != null)
        }
        command("EXPIRE", arity = -3, key = 1) { expire(unitMillis = 1000, sinceMillis = shard.nowMillis()) }
        command("PEXPIRE", arity = -3, key = 1) { expire(unitMillis = 1, sinceMillis = shard.nowMillis()) }
        command("EXPIREAT", arity = -3, key = 1) { expire(unitMillis = 1000, sinceMillis = 0) }
        command("PEXPIREAT", arity = -3, key = 1) { expire(unitMillis = 1, sinceMillis = 0) }
        command("PERSIST", arity = 2, key = 1) {
            val entry = shard[key]?.takeIf { it.deadlineMillis() != Entry.NEVER }
            if (entry != null) shard.setDeadline(entry, Entry.NEVER)
            reply.integer(entry != null)
        }

        fun RespCall<Keyspace>.timeLeft(unitMillis: Long) {
            val deadline = shard[key]?.deadlineMillis()
            val left =
                when (deadline) {
                    null -> -2
                    Entry.NEVER -> -1
                    else -> (deadline - shard.nowMillis() + unitMillis / 2) / unitMillis
                }
            reply.integer(left)
        }
        command("TTL", arity = 2, key = 1) { timeLeft(unitMillis = 1000) }
        command("PTTL", arity = 2, key = 1) { timeLeft(unitMillis = 1) }

        fun RespCall<Keyspace>.replyKeys(keys: List<Entry>) {
            reply.array(keys.size)
            keys.forEach { reply.bulk(it.key()) }
        }
        command("KEYS", arity = 2, everywhere = Merge.CONCAT) {
            val pattern = glob(1)
            replyKeys(buildList { shard.forEach { if (pattern.matches(it.key())) add(it) } })
        }
        command("SCAN", arity = -2, on = { scanCursor(1).worker }) {
            val cursor = scanCursor(1)
            val options = scanOptions(from = 2)
            val found = ArrayList<Entry>()
            val next = shard.scan(cursor.position, options.count) { if (options.accepts(it)) found += it }
            reply.array(2)
            reply.bulk(cursor.next(next))
            replyKeys(found)
        }
        command("DBSIZE", arity = 1, everywhere = Merge.SUM) { reply.integer(shard.size()) }
        command("FLUSHALL", arity = -1, everywhere = Merge.SAME) {
            if (count > 2 || (count == 2 && !isWord(1, "ASYNC") && !isWord(1, "SYNC"))) throw RespError.SYNTAX
            shard.clear()
            reply.ok()
        }

        command("CONFIG GET", arity = -3) {
            val patterns = (2 until count).map { glob(it, GlobPattern.Case.INSENSITIVE) }
            val found = settings.filterKeys { name -> patterns.any { it.matches(name.toByteArray()) } }
            reply.map(found.size)
            found.forEach { (name, value) -> reply.bulk(name).also { reply.bulk(value) } }
        }
        suspendCommand("INFO", arity = -1) {
            val keys = onEachShard { it.size() }.sum()
            reply.verbatim("# Server\r\nredis_version:7.0.0\r\ntcp_port:$port\r\n# Keyspace\r\ndb0:keys=$keys\r\n")
        }

        every(100.milliseconds) { shard -> while (shard.expireDue(500) == 500) yield() }
    }

println("cache on port ${server.port}, ${runtime.workersCount()} workers")
