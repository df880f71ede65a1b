/// How far a copy of the store to another place is.
package struct CopyStanding: Codable, Equatable, Sendable {
    /// The two stores, in words that hold nothing secret.
    package let from: String
    package let to: String
    /// How many passes were made, the one under way included.
    package let passes: Int
    /// The table that is compared, and how many rows were in this pass.
    package let table: String
    package let rows: Int
    /// How many of them had to be written.
    package let differences: Int
    /// Whether the copy can take the store's place within seconds.
    package let isCurrent: Bool
    /// Whether the store was given up before: all that is left is that the copy takes its place.
    package let isArriving: Bool

    package init(
        from: String, to: String, passes: Int, table: String, rows: Int, differences: Int, isCurrent: Bool,
        isArriving: Bool
    ) {
        self.from = from
        self.to = to
        self.passes = passes
        self.table = table
        self.rows = rows
        self.differences = differences
        self.isCurrent = isCurrent
        self.isArriving = isArriving
    }
}

/// A store that has taken another's place.
package struct CopiedStore: Codable, Equatable, Sendable {
    /// A table that was found to be the same on both sides, row by row.
    package struct Table: Codable, Equatable, Sendable {
        package let table: String
        package let rows: Int
        /// The beginning of a digest over all rows, in hexadecimal.
        package let digest: String

        package init(table: String, rows: Int, digest: String) {
            self.table = table
            self.rows = rows
            self.digest = digest
        }
    }

    package let from: String
    package let to: String
    /// Empty where the store had been given up before.
    package let tables: [Table]

    package init(from: String, to: String, tables: [Table]) {
        self.from = from
        self.to = to
        self.tables = tables
    }
}
