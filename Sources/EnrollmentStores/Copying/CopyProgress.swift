/// How far a copy is.
package struct CopyProgress: Equatable, Sendable {
    /// How many passes were made, the one under way included.
    package private(set) var passes = 1
    /// The table that is compared, and how many rows were in this pass.
    package private(set) var table = ""
    package private(set) var rows = 0
    /// How many of them differed.
    package private(set) var differences = 0
    /// Whether what is left is little enough for logins to wait.
    package internal(set) var isCurrent = false
    /// Whether the store was given up before: all that is left is that the other takes its place.
    package internal(set) var isArriving = false

    /// A store that changes faster than it is copied is taken over all the same.
    static let mostPasses = 8

    init() {}

    mutating func follow(_ pass: CopyPass) {
        table = pass.tableName
        rows = pass.rows
        differences = pass.differences
        if pass.isOver { passes += 1 }
    }
}

/// How much of a table was found to be the same on both sides.
package struct CopiedCount: Equatable, Sendable {
    package let table: String
    package let rows: Int
    /// The beginning of a digest over all its rows, in hexadecimal.
    package let digest: String
}
