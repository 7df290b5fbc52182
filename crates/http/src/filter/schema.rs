//! The filter language as the OpenAPI document shows it. No value is ever parsed into these types:
//! the parser beside them reports every fault, which a derived one would not.

use serde::Deserialize;
use utoipa::ToSchema;

/// A filter. A member `metadata.plan` tests the value of the key `plan` of the metadata: a text that
/// it has to equal, or `$eq`, `$in` and `$exists`. `{}` matches every token; all members of one object have to match. There are limits: 8
/// nested objects, 64 tests altogether, 100 values in an array. `{"name": "x"}` is short for
/// `{"name": {"$eq": "x"}}`, for every field that has `$eq`. A part that would match every token
/// because it is empty is refused: an object, except as the whole filter; a list of `$and`, `$nin`
/// or `$contains`; a text of `$ne`, `$gt`, `$gte`, `$nin`, `$ncontains`, `$isubstr` or `$iprefix`,
/// also if nothing of it is left after folding. An empty list of `$or`, `$in` or `$ncontains`
/// matches no token.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "describes a body that is read part by part")]
#[schema(as = TokenFilter, example = json!({"expiry": {"$lt": "2027-01-01T00:00:00Z"}, "name": {"$iprefix": "night"}}))]
pub(crate) struct FilterBody {
    #[schema(required = false)]
    id: UuidFilter,
    #[schema(required = false)]
    name: TextFilter,
    #[schema(required = false)]
    user_id: UuidFilter,
    /// The user who created the token.
    #[serde(rename = "createdUserInfo.userId")]
    #[schema(required = false)]
    created_by: UuidFilter,
    /// Only live tokens match, unless this field or `revokedDate` is used.
    #[schema(required = false)]
    revoked: BooleanFilter,
    /// A token that is not revoked is neither before nor after any instant.
    #[schema(required = false)]
    revoked_date: DateTimeFilter,
    #[schema(required = false)]
    expiry: DateTimeFilter,
    #[schema(required = false)]
    creation_date: DateTimeFilter,
    #[schema(required = false)]
    last_modified_date: DateTimeFilter,
    /// Tokens that were not used for 90 days: `{"$or": [{"lastUsedDate": {"$lt": "…"}},
    /// {"lastUsedDate": {"$exists": false}}]}` with the instant 90 days ago. A token that was never
    /// used is neither before nor after any instant.
    #[schema(required = false)]
    last_used_date: LastUseFilter,
    #[schema(required = false)]
    version: IntegerFilter,
    #[schema(required = false)]
    permissions: ListFilter,
    #[schema(required = false)]
    allowed_addresses: ListFilter,
    #[schema(required = false)]
    partial_token: TextFilter,
    /// A token without an owner is equal to no text.
    #[schema(required = false)]
    owner: TextFilter,
    /// All of these match.
    #[serde(rename = "$and")]
    #[schema(required = false, no_recursion, min_items = 1, max_items = 100)]
    and: Vec<FilterBody>,
    /// At least one of these matches.
    #[serde(rename = "$or")]
    #[schema(required = false, no_recursion, max_items = 100)]
    or: Vec<FilterBody>,
}

#[derive(Deserialize, ToSchema)]
#[schema(value_type = String, format = "uuid")]
#[expect(dead_code, reason = "describes a body that is read part by part")]
pub(crate) struct UuidText(String);

#[derive(Deserialize, ToSchema)]
#[schema(value_type = String, format = DateTime)]
#[expect(dead_code, reason = "describes a body that is read part by part")]
pub(crate) struct DateTimeText(String);

#[derive(Deserialize, ToSchema)]
#[schema(value_type = Option<String>, format = DateTime)]
#[expect(dead_code, reason = "describes a body that is read part by part")]
pub(crate) struct DateTimeTextOrNull(Option<String>);

#[derive(Deserialize, ToSchema)]
#[schema(value_type = i64, minimum = -9_223_372_036_854_775_808_i64, maximum = 9_223_372_036_854_775_807_i64)]
#[expect(dead_code, reason = "describes a body that is read part by part")]
pub(crate) struct WholeNumber(i64);

#[derive(Deserialize, ToSchema)]
#[schema(value_type = String, min_length = 1)]
#[expect(dead_code, reason = "describes a body that is read part by part")]
pub(crate) struct NonEmptyText(String);

macro_rules! comparable {
    ($filter:ident, $operators:ident, $value:ty) => {
        /// A value that has to be equal, or operators.
        #[derive(Deserialize, ToSchema)]
        #[serde(untagged)]
        #[expect(dead_code, reason = "describes a body that is read part by part")]
        pub(crate) enum $filter {
            Equal($value),
            Operators(Box<$operators>),
        }

        /// Comparisons, which all have to hold.
        #[derive(Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "describes a body that is read part by part")]
        pub(crate) struct $operators {
            #[serde(rename = "$eq")]
            #[schema(required = false)]
            eq: $value,
            #[serde(rename = "$ne")]
            #[schema(required = false)]
            ne: $value,
            #[serde(rename = "$gt")]
            #[schema(required = false)]
            gt: $value,
            #[serde(rename = "$gte")]
            #[schema(required = false)]
            gte: $value,
            #[serde(rename = "$lt")]
            #[schema(required = false)]
            lt: $value,
            #[serde(rename = "$lte")]
            #[schema(required = false)]
            lte: $value,
            /// One of these.
            #[serde(rename = "$in")]
            #[schema(required = false, max_items = 100)]
            one_of: Vec<$value>,
            /// None of these.
            #[serde(rename = "$nin")]
            #[schema(required = false, min_items = 1, max_items = 100)]
            none_of: Vec<$value>,
        }
    };
}

comparable!(UuidFilter, UuidOperators, UuidText);
comparable!(DateTimeFilter, DateTimeOperators, DateTimeText);
comparable!(IntegerFilter, IntegerOperators, WholeNumber);

/// A date-time that has to be equal, or null for tokens that were never used, or operators.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a body that is read part by part")]
pub(crate) enum LastUseFilter {
    Equal(DateTimeTextOrNull),
    Operators(Box<LastUseOperators>),
}

/// Comparisons of a last use, which all have to hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes a body that is read part by part")]
pub(crate) struct LastUseOperators {
    /// False: never used. True: used at least once.
    #[serde(rename = "$exists")]
    #[schema(required = false)]
    exists: bool,
    /// Null: never used.
    #[serde(rename = "$eq")]
    #[schema(required = false)]
    eq: DateTimeTextOrNull,
    /// Null: used at least once.
    #[serde(rename = "$ne")]
    #[schema(required = false)]
    ne: DateTimeTextOrNull,
    #[serde(rename = "$gt")]
    #[schema(required = false)]
    gt: DateTimeText,
    #[serde(rename = "$gte")]
    #[schema(required = false)]
    gte: DateTimeText,
    #[serde(rename = "$lt")]
    #[schema(required = false)]
    lt: DateTimeText,
    #[serde(rename = "$lte")]
    #[schema(required = false)]
    lte: DateTimeText,
    /// One of these.
    #[serde(rename = "$in")]
    #[schema(required = false, max_items = 100)]
    one_of: Vec<DateTimeText>,
    /// None of these.
    #[serde(rename = "$nin")]
    #[schema(required = false, min_items = 1, max_items = 100)]
    none_of: Vec<DateTimeText>,
}

/// A text that has to be equal, or operators.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a body that is read part by part")]
pub(crate) enum TextFilter {
    Equal(String),
    Operators(Box<TextOperators>),
}

/// Tests of a text, which all have to hold. Those with an `i` ignore case.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes a body that is read part by part")]
pub(crate) struct TextOperators {
    #[serde(rename = "$eq")]
    #[schema(required = false)]
    eq: String,
    #[serde(rename = "$ne")]
    #[schema(required = false, min_length = 1)]
    ne: String,
    #[serde(rename = "$gt")]
    #[schema(required = false, min_length = 1)]
    gt: String,
    #[serde(rename = "$gte")]
    #[schema(required = false, min_length = 1)]
    gte: String,
    #[serde(rename = "$lt")]
    #[schema(required = false)]
    lt: String,
    #[serde(rename = "$lte")]
    #[schema(required = false)]
    lte: String,
    /// One of these.
    #[serde(rename = "$in")]
    #[schema(required = false, max_items = 100)]
    one_of: Vec<String>,
    /// None of these.
    #[serde(rename = "$nin")]
    #[schema(required = false, min_items = 1, max_items = 100)]
    none_of: Vec<NonEmptyText>,
    /// The text equals this. Names are compared as for their uniqueness: without regard to case,
    /// width, composition, the number of blanks, and blanks at the ends.
    #[serde(rename = "$ieq")]
    #[schema(required = false)]
    equals: String,
    /// The text contains this.
    #[serde(rename = "$isubstr")]
    #[schema(required = false, min_length = 1)]
    contains: String,
    /// The text starts with this.
    #[serde(rename = "$iprefix")]
    #[schema(required = false, min_length = 1)]
    starts_with: String,
    /// The text does not start with this.
    #[serde(rename = "$niprefix")]
    #[schema(required = false)]
    does_not_start_with: String,
}

/// A truth value that has to be equal, or operators.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a body that is read part by part")]
pub(crate) enum BooleanFilter {
    Equal(bool),
    Operators(Box<BooleanOperators>),
}

/// Comparisons of a truth value, which all have to hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes a body that is read part by part")]
pub(crate) struct BooleanOperators {
    #[serde(rename = "$eq")]
    #[schema(required = false)]
    eq: bool,
    #[serde(rename = "$ne")]
    #[schema(required = false)]
    ne: bool,
}

/// Tests of a list, which all have to hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes a body that is read part by part")]
pub(crate) struct ListFilter {
    /// The list has all of these.
    #[serde(rename = "$contains")]
    #[schema(required = false, min_items = 1, max_items = 100)]
    contains: Vec<String>,
    /// The list lacks at least one of these.
    #[serde(rename = "$ncontains")]
    #[schema(required = false, max_items = 100)]
    does_not_contain: Vec<NonEmptyText>,
    /// Whether the list is empty: a token without addresses works from any address.
    #[serde(rename = "$empty")]
    #[schema(required = false)]
    empty: bool,
}
