internal import Authentication

/// What a store says of the copy that it is a part of; it has one mark at most.
package struct StoreMark: Equatable, Sendable {
    package enum State: String, CaseIterable, Sendable {
        /// A copy of it is being made; it is the store until that has ended.
        case leaving
        /// Another has taken its place: its codes are spent there, and nobody may use it again.
        case moved
        /// It is being filled, and is no store yet.
        case filling
        /// It has everything, and waits for the one that it comes from to be given up.
        case complete
        /// It has taken another's place, and is a store like any.
        case arrived
    }

    /// Which copy it is, the same on both sides.
    package let copy: String
    package let state: State
    /// The store on the other side, in words that hold nothing secret.
    package let other: String
    /// Unix seconds.
    package let at: Int64

    /// Why a store with this mark must not be used, in one sentence; nil if it may be.
    func refusal(of store: String) -> StoreFailure? {
        switch state {
        case .leaving, .arrived: nil
        case .moved:
            .unreachable(
                "\(store) was moved to \(other), where its codes are spent now: name that as the store in config.yaml")
        case .filling, .complete:
            .unreachable(
                "\(store) is a copy of \(other) that is not finished: type twostep store copy again, to go on with it")
        }
    }

    /// Throws where a store that is copied must not say this after what it says: one that was given up stays so, and is given up
    /// for the copy alone that was begun last.
    func check(after found: StoreMark?, at store: String) throws(StoreFailure) {
        switch state {
        case .filling, .complete, .arrived: return
        case .leaving:
            if let refusal = found?.refusal(of: store) { throw refusal }
        case .moved:
            guard found?.copy != copy || found?.state != .leaving else { return }
            throw StoreMark.overtaken(store, by: found)
        }
    }

    /// Throws where a store says something else than this, which it has said before.
    func check(still found: StoreMark?, at store: String) throws(StoreFailure) {
        guard found == self else { throw StoreMark.overtaken(store, by: found) }
    }

    private static func overtaken(_ store: String, by found: StoreMark?) -> StoreFailure {
        let target = found.map { ", to \($0.other)" } ?? ""
        return .unreachable("another copy of \(store) was begun meanwhile\(target): this one is left as it is")
    }

    static let columns = "copy, state, other, at"

    /// A mark as it stands in a row; nil for what nobody has written.
    init?(copy: String, state: String, other: String, at: Int64) {
        guard let state = State(rawValue: state) else { return nil }
        self.init(copy: copy, state: state, other: other, at: at)
    }

    init(copy: String, state: State, other: String, at: Int64) {
        self.copy = copy
        self.state = state
        self.other = other
        self.at = at
    }

    /// The same copy, a step further.
    func next(_ state: State, at now: Int64) -> StoreMark {
        StoreMark(copy: copy, state: state, other: other, at: now)
    }
}

extension Schema {
    /// What a store says of the copy that it is a part of.
    static let marks = """
        CREATE TABLE mark (
            one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
            copy TEXT NOT NULL,
            state TEXT NOT NULL,
            other TEXT NOT NULL,
            at INTEGER NOT NULL
        ) WITHOUT ROWID;
        """
}

extension ServerSchema {
    /// What a store says of the copy that it is a part of.
    static let marks = """
        CREATE TABLE twostep.mark (
            one bigint PRIMARY KEY CHECK (one = 1),
            copy text NOT NULL,
            state text NOT NULL,
            other text NOT NULL,
            at bigint NOT NULL
        );
        """
}
