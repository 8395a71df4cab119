package dev.uring.redis.commands

import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

// Calls of what is not about data: scripts, connections, users, the server itself.

private const val LIBRARY =
    "#!lua name=lib\nredis.register_function{function_name='f', callback=function(k, a) return a[1] end, " +
        "description='first', flags={'no-writes'}}"

internal suspend fun Calls.scripting() {
    returns("v") { eval("return ARGV[1]", args = listOf("v")) }
    returns(listOf(1L, "k", null, 3L)) { eval("return {1, KEYS[1], false, 3}", keys = listOf("k")) }
    returns(7L) { evalRo("return 7") }
    val sha1 = gives { scriptLoad("return #KEYS") }
    returns(40) { scriptLoad("return #KEYS").length }
    returns(2L) { evalSha(sha1, listOf("a", "b")) }
    returns(1L) { evalShaRo(sha1, listOf("a")) }
    returns(listOf(true, false)) { scriptExists(sha1, "0".repeat(40)) }
    returns(Unit) { scriptFlush(ScriptFlush.Sync) }
    returns(listOf(false)) { scriptExists(sha1) }
    satisfies({ scriptHelp() }) { it.isNotEmpty() }
}

internal suspend fun Calls.functions() {
    returns("lib") { functionLoad(LIBRARY) }
    returns("lib") { functionLoad(LIBRARY, replace = true) }
    returns("v") { fcall("f", args = listOf("v")) }
    returns("v") { fcallRo("f", listOf("k"), listOf("v")) }
    val function = FunctionLibrary.Function("f", "first", setOf("no-writes"))
    returns(listOf(FunctionLibrary("lib", "LUA", listOf(function), null))) { functionList() }
    returns(listOf(LIBRARY)) { functionList("l*", withCode = true).map { it.code } }
    satisfies({ functionStats() }) { "engines" in it && it["running_script"] == null }
    val dumped = gives { functionDump() }
    returns(Unit) { functionDelete("lib") }
    returns(Unit) { functionRestore(dumped, FunctionRestore.Append) }
    returns(Unit) { functionFlush(ScriptFlush.Async) }
    returns(emptyList<FunctionLibrary>()) { functionList() }
    satisfies({ functionHelp() }) { it.isNotEmpty() }
}

internal suspend fun Calls.pubSub() {
    returns(0L) { publish("c", "m") }
    returns(0L) { spublish("c", "m") }
    returns(emptyList<String>()) { pubsubChannels() }
    returns(emptyList<String>()) { pubsubChannels("c*") }
    returns(0L) { pubsubNumPat() }
    returns(mapOf("a" to 0L, "b" to 0L)) { pubsubNumSub("a", "b") }
    returns(emptyMap<String, Long>()) { pubsubNumSub() }
    returns(emptyList<String>()) { pubsubShardChannels() }
    returns(mapOf("a" to 0L)) { pubsubShardNumSub("a") }
    satisfies({ pubsubHelp() }) { it.isNotEmpty() }
}

internal suspend fun Calls.connection() {
    returns("PONG") { ping() }
    returns("m") { ping("m") }
    returns("m") { echo("m") }
    satisfies({ clientId() }) { it > 0 }
    satisfies({ clientInfo() }) { it.id > 0 && it["db"] == "0" }
    satisfies({ clientList() }) { all -> all.isNotEmpty() && all.all { it.id > 0 } }
    val id = gives { clientId() }
    returns(listOf(id)) { clientList(id).map { it.id } }
    satisfies({ clientList(ClientType.Normal) }) { all -> all.any { it.id == id } }
    satisfies({ clientGetName() }) { it == null || it.isNotEmpty() }
    satisfies({ clientGetRedir() }) { it <= 0 }
    satisfies({ clientTrackingInfo() }) { "flags" in it }
    returns(Unit) { clientPause(1.milliseconds, ClientPause.Write) }
    returns(Unit) { clientUnpause() }
    returns(false) { clientUnblock(id, ClientUnblock.Error) }
    returns(0L) { clientKill(id = 999_999_999, skipMe = true) }
    satisfies({ clientHelp() }) { it.isNotEmpty() }
}

internal suspend fun Calls.users() {
    returns("default") { aclWhoAmI() }
    satisfies({ aclCat() }) { "string" in it }
    satisfies({ aclCat("string") }) { "get" in it }
    returns(Unit) { aclSetUser("u", "on", ">p", "~a*", "+get") }
    satisfies({ aclGetUser("u") }) { "on" in (it!!["flags"] as Collection<*>) }
    returns(null) { aclGetUser("none") }
    returns(null) { aclDryRun("u", "GET", "a") }
    satisfies({ aclDryRun("u", "SET", "a", "1") }) { it!!.contains("no permissions") }
    returns(listOf("default", "u")) { aclUsers().sorted() }
    returns(2) { aclList().size }
    returns(1L) { aclDelUser("u", "none") }
    returns(64) { aclGenPass().length }
    returns(2) { aclGenPass(bits = 8).length }
    returns(emptyList<Any?>()) { aclLog(10) }
    returns(Unit) { aclLogReset() }
    satisfies({ aclHelp() }) { it.isNotEmpty() }
}

internal suspend fun Calls.server() {
    does { set("k", "v") }
    returns(1L) { dbSize() }
    satisfies({ info() }) { it["redis_version"] != null && "Memory" in it.sections }
    satisfies({ info("server", "clients") }) { it.sections.keys == setOf("Server", "Clients") }
    satisfies({ time() }) { it > kotlin.time.Instant.fromEpochSeconds(1_700_000_000) }
    satisfies({ lastSave() }) { it > kotlin.time.Instant.fromEpochSeconds(1_700_000_000) }
    returns(ServerRole.Master(0, emptyList())) { role() }
    satisfies({ commandCount() }) { it > 200 }
    satisfies({ command() }) { it.size > 200 }
    returns(2) { commandInfo("get", "none").size }
    satisfies({ commandDocs("get") }) { "get" in it }
    returns(listOf("a", "b")) { commandGetKeys("MGET", "a", "b") }
    returns(listOf(KeyAccess("a", setOf("RO", "access")))) { commandGetKeysAndFlags("GET", "a") }
    satisfies({ commandList() }) { "get" in it }
    returns(listOf("xadd")) { commandList(CommandFilter.Pattern("xadd*")) }
    satisfies({ commandList(CommandFilter.Category("stream")) }) { "xadd" in it }
    returns(emptyList<String>()) { commandList(CommandFilter.Module("none")) }
    satisfies({ commandHelp() }) { it.isNotEmpty() }
    returns(Unit) { configSet("maxmemory-samples", "6") }
    returns(Unit) { configSet(mapOf("maxmemory-samples" to "5", "slowlog-log-slower-than" to "0")) }
    returns(mapOf("maxmemory-samples" to "5")) { configGet("maxmemory-samples") }
    returns(Unit) { configResetStat() }
    satisfies({ configHelp() }) { it.isNotEmpty() }
    satisfies({ slowLogGet(5) }) { log -> log.isNotEmpty() && log.all { it.words.isNotEmpty() } }
    satisfies({ slowLogLen() }) { it > 0 }
    returns(Unit) { slowLogReset() }
    satisfies({ slowLogHelp() }) { it.isNotEmpty() }
    satisfies({ memoryUsage("k") }) { it!! > 0 }
    returns(null) { memoryUsage("none", samples = 0) }
    satisfies({ memoryStats() }) { it["keys.count"] == 1L }
    satisfies({ memoryDoctor() }) { it.isNotEmpty() }
    satisfies({ memoryMallocStats() }) { it.isNotEmpty() }
    returns(Unit) { memoryPurge() }
    satisfies({ memoryHelp() }) { it.isNotEmpty() }
    returns(emptyList<Any?>()) { moduleList() }
    satisfies({ moduleHelp() }) { it.isNotEmpty() }
    satisfies({ latencyDoctor() }) { it.isNotEmpty() }
    returns(Unit) { configSet("latency-monitor-threshold", "1") }
    does {
        eval(
            "local till = redis.call('TIME') local t repeat t = redis.call('TIME') until (t[1] - till[1]) * 1000000 + t[2] - till[2] > 20000",
        )
    }
    satisfies({ latencyLatest() }) { all -> all.any { it.name == "command" && it.max >= 1.milliseconds } }
    satisfies({ latencyHistory("command") }) { it.isNotEmpty() && it.first().took >= 1.milliseconds }
    satisfies({ latencyGraph("command") }) { it.contains("command") }
    satisfies({ latencyHistogram("get") }) { it.size <= 1 }
    satisfies({ latencyReset() }) { it >= 1 }
    satisfies({ latencyHelp() }) { it.isNotEmpty() }
    satisfies({ lolwut(version = 5) }) { it.contains("Redis") }
    returns(Unit) { swapDb(0, 1) }
    returns(Unit) { flushAll() }
    returns(Unit) { flushDb(FlushMode.Sync) }
    returns(0L) { dbSize() }
    returns(Unit) { save() }
    returns("Background append only file rewriting started") { bgRewriteAof() }
    returns(Unit) { replicaOfNoOne() }
    returns(Unit) { slaveOfNoOne() }
}

/** On a server that runs as a cluster of its own. */
internal suspend fun Calls.cluster() {
    returns(Unit) { clusterAddSlots(0, 1) }
    returns(Unit) { clusterAddSlotsRange(2L..16000L, 16001L..16383L) }
    satisfies({ clusterInfo() }) { it["cluster_slots_assigned"] == "16384" }
    returns(12182L) { clusterKeySlot("foo") }
    val me = gives { clusterMyId() }
    returns(40) { clusterMyId().length }
    returns(listOf(listOf(0L..16383L))) { clusterShards().map { it.slots } }
    satisfies({ clusterShards() }) {
        it.single().nodes.single().let { node ->
            node.id == me && node.isMaster &&
                node.health == "online"
        }
    }
    returns(listOf(0L..16383L)) { clusterSlots().map { it.slots } }
    satisfies({ clusterSlots() }) {
        it
            .single()
            .nodes
            .single()
            .id == me
    }
    satisfies({ clusterNodes() }) { it.contains("myself,master") }
    returns(emptyList<Any?>()) { clusterLinks() }
    returns(emptyList<String>()) { clusterReplicas(me) }
    returns(emptyList<String>()) { clusterSlaves(me) }
    returns(0L) { clusterCountFailureReports(me) }
    returns(0L) { clusterCountKeysInSlot(0) }
    returns(emptyList<String>()) { clusterGetKeysInSlot(0, 10) }
    returns(Unit) { clusterSetSlot(0, SlotState.Stable) }
    returns(Unit) { clusterSaveConfig() }
    satisfies({ clusterBumpEpoch() }) { it.startsWith("BUMPED") || it.startsWith("STILL") }
    satisfies({ clusterHelp() }) { it.isNotEmpty() }
    returns(Unit) { clusterDelSlots(0, 1) }
    returns(Unit) { clusterDelSlotsRange(2L..16000L) }
    returns(Unit) { clusterFlushSlots() }
    returns(Unit) { clusterReset(ClusterReset.Hard) }
    returns(Unit) { clusterSetConfigEpoch(7) }
    returns(Unit) { clusterMeet("127.0.0.1", 1, 2) }
}
