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

    init(capacity: Int = 16_384) { self.capacity = capacity }

    var count: Int { open.count }

    /// Counts a connection in; false if it must be closed at once.
    mutating func admit(_ handler: Handler, uid: UInt32) -> Bool {
        if uid != 0 {
            guard perUID[uid, default: 0] < Self.mostPerUID else { return false }
            guard open.count < capacity - capacity / 10 else { return false }
        }
        guard open.count < capacity else { return false }
        open[ObjectIdentifier(handler)] = handler
        if uid != 0 { perUID[uid, default: 0] += 1 }
        return true
    }

    mutating func remove(_ handler: Handler, uid: UInt32) {
        guard open.removeValue(forKey: ObjectIdentifier(handler)) != nil, uid != 0 else { return }
        let left = perUID[uid, default: 1] - 1
        perUID[uid] = left > 0 ? left : nil
    }

    /// All of them, as they are now: ending one takes it out of the table.
    var handlers: [Handler] { Array(open.values) }
}
