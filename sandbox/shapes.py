"""Name the fields of disputes, links, payouts, schedules and receipts, in version 2019-05-29.

A dispute's order was recorded. The others follow the order of openapi.yml, without the names that
only platforms with merchants of their own see.
"""

FIELDS = {
    "dispute": (
        "object id livemode location currency amount funding_amount funding_currency metadata"
        " charge documents transactions admin_message message reason_code reason_message status"
        " closed_at created_at"
    ),
    "link": (
        "object id livemode location deleted multiple used currency amount charges description"
        " title payment_uri created_at used_at deleted_at"
    ),
    "bank_account": (
        "object livemode last_digits account_number name type created_at brand bank_code"
        " branch_code"
    ),
    "recipient": (
        "object id livemode location deleted bank_account active default verified description"
        " email failure_code name tax_id type created_at schedule metadata verified_at"
        " activated_at"
    ),
    "transfer": (
        "object id livemode location deleted fail_fast paid sent sendable currency amount fee"
        " metadata recipient bank_account failure_code failure_message paid_at sent_at"
        " balance_hold_at created_at transactions schedule fee_vat net total_fee"
        " split_transfer_group_id"
    ),
    "schedule": (
        "object id deleted livemode location every occurrences on in_words period status active"
        " charge transfer next_occurrences_on ended_at start_on end_on created_at execute_time"
    ),
    "charge_schedule": (
        "object id livemode currency amount default_card card customer linked_account"
        " description metadata created_at"
    ),
    "transfer_schedule": (
        "object id livemode amount currency percentage_of_balance recipient created_at"
        " is_realtime_payout"
    ),
    "occurrence": (
        "object livemode location id result schedule message status processed_at created_at"
        " scheduled_on retry_on execute_time"
    ),
    "receipt": (
        "object id livemode location credit_note charge_fee transaction_fee subtotal"
        " transfer_fee voided_fee vat wht total company_address company_name company_tax_id"
        " currency customer_address customer_email customer_name customer_statement_name"
        " customer_tax_id number created_at issued_on adjustment_transaction"
    ),
    "forex": "object rate location livemode base quote",
    "search": (
        "object export data page per_page total total_pages filters location order query scope"
        " aggregate_level"
    ),
}

# The same in version 2017-11-02, "new>old" where the name changed, as omise-python's tests show
# them; what they do not show is our inference.
OLD_FIELDS = {
    "dispute": (
        "object id livemode location amount currency status transaction message reason_code"
        " reason_message charge documents created_at>created"
    ),
    "link": (
        "object id livemode location amount currency used multiple description title charges"
        " payment_uri created_at>created"
    ),
    "bank_account": "object brand last_digits account_number>number name created_at>created",
    "recipient": (
        "object id livemode location verified active name email description type tax_id"
        " bank_account failure_code created_at>created"
    ),
    "transfer": (
        "object id livemode location recipient bank_account sent paid amount fee currency"
        " metadata failure_code failure_message transaction created_at>created"
    ),
    "schedule": (
        "object id livemode location status deleted every period on in_words start_on>start_date"
        " end_on>end_date charge transfer occurrences next_occurrences_on>next_occurrence_dates"
        " created_at>created"
    ),
    "charge_schedule": "amount currency description customer card",
    "transfer_schedule": "recipient amount percentage_of_balance currency",
    "occurrence": (
        "object id location schedule scheduled_on>schedule_date retry_on>retry_date processed_at"
        " status message result created_at>created"
    ),
    "receipt": (
        "object id number location issued_on>date customer_name customer_address"
        " customer_tax_id customer_email customer_statement_name company_name company_address"
        " company_tax_id charge_fee voided_fee transfer_fee subtotal vat wht total credit_note"
        " currency"
    ),
    "forex": "object quote>from base>to rate location",
    "search": "object order scope query filters page per_page location total_pages total data",
}
