import Authentication

/// The connections of a socket that are open: how many each uid has, and which of them have stood still too long.
struct ConnectionTable<Handler: AnyObject> {
    /// Connections of one uid other than 0; one more is refused before the global limit is looked at.
    static var mostPerUID: Int { 8 }
    /// How long a peer may take to say what it wants, in milliseconds.
    static var beginLimit: Int64 { 10_000 }

    /// Connections in all; the last tenth is for uid 0.
    var capacity: Int
    private var open: [ObjectIdentifier: Handler] = [:]
    private var perUID: [UInt32: Int] = [:]
    /// Those of uids other than 0 that have not said yet what they want, with their uids, and when they came: the oldest first, and
    /// some that have gone or have spoken since.
    private var silent: [ObjectIdentifier: UInt32] = [:]
    private var arrivals: [ObjectIdentifier] = []
    private var oldest = 0
    private var peak = 0

    /// Gives back what a crowd that has gone had needed.
    mutating func giveMemoryBack() {
        open.giveMemoryBack()
        perUID.giveMemoryBack()
        silent.giveMemoryBack()
        if silent.isEmpty { (arrivals, oldest) = ([], 0) }
    }

    init(capacity: Int = LoginServer.mostConnections) { self.capacity = capacity }

    var count: Int { open.count }

    /// Whether what room is left is for uid 0 of this machine.
    var isCrowded: Bool { open.count >= capacity - capacity / 10 }

    /// What becomes of a newcomer.
    struct Admission {
        /// Whether it is counted in; otherwise it must be closed at once.
        let isAdmitted: Bool
        /// Who has given way and is counted out: to be closed.
        var gone: Handler?
    }

    /// Counts a connection in.
    ///
    /// Where there is no room left for callers other than uid 0, the one that has said nothing for longest gives way: a
    /// person with thousands of subordinate uids (subuid(5)) would keep everybody else out.
    mutating func admit(_ handler: Handler, uid: UInt32) -> Admission {
        var gone: Handler?
        if uid != 0 {
            guard perUID[uid, default: 0] < Self.mostPerUID else { return Admission(isAdmitted: false) }
            if isCrowded { gone = takeOldestSilent() }
            guard !isCrowded else { return Admission(isAdmitted: false, gone: gone) }
        }
        guard open.count < capacity else { return Admission(isAdmitted: false, gone: gone) }
        open[ObjectIdentifier(handler)] = handler
        peak = max(peak, open.count)
        guard uid != 0 else { return Admission(isAdmitted: true) }
        perUID[uid, default: 0] += 1
        silent[ObjectIdentifier(handler)] = uid
        arrivals.append(ObjectIdentifier(handler))
        return Admission(isAdmitted: true, gone: gone)
    }

    /// A connection has said what it wants, and keeps its place.
    mutating func hasSpoken(_ handler: Handler, uid: UInt32) {
        if uid != 0 { silent[ObjectIdentifier(handler)] = nil }
    }

    private mutating func takeOldestSilent() -> Handler? {
        while oldest < arrivals.count {
            let id = arrivals[oldest]
            oldest += 1
            if let uid = silent.removeValue(forKey: id), let handler = open[id] {
                remove(handler, uid: uid)
                return handler
            }
        }
        return nil
    }

    /// Forgets who came before the oldest that is still silent.
    private mutating func forgetArrivals() {
        guard !silent.isEmpty else {
            arrivals.removeAll()
            oldest = 0
            return
        }
        guard arrivals.count > 64, arrivals.count > 2 * silent.count else { return }
        arrivals = arrivals.dropFirst(oldest).filter { silent[$0] != nil }
        oldest = 0
    }

    mutating func remove(_ handler: Handler, uid: UInt32) {
        guard open.removeValue(forKey: ObjectIdentifier(handler)) != nil, uid != 0 else { return }
        let left = perUID[uid, default: 1] - 1
        perUID[uid] = left > 0 ? left : nil
        silent[ObjectIdentifier(handler)] = nil
        forgetArrivals()
    }

    /// The most that were open at a time since this was last asked: a crowd may come and go between two looks at it.
    mutating func takePeak() -> Int {
        defer { peak = open.count }
        return peak
    }

    /// All of them, as they are now: ending one takes it out of the table.
    var handlers: [Handler] { Array(open.values) }
}
