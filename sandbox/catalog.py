"""The workflows of the five made-up companies, one line each, as a demonstration would like to see them.

A line is `name | usual seconds | steps`, and a step is `name:kind`, with a star when a loop runs it once for each item.
"""
# ruff: noqa: E501  (one workflow, one line)

from uuid import NAMESPACE_URL, uuid5

from sandbox.model import StepPlan, Workflow

_LINES = {
    "boomi": """
        Shopify Orders to NetSuite | 38 | Shopify Orders:http, Map Order:transform, NetSuite Sales Order:http*, Confirm by Mail:email
        Salesforce Accounts to SAP S/4HANA | 75 | Changed Accounts:http, Map Partner:transform, SAP Business Partner:http*, Log to Data Hub:database
        Workday New Hires to ServiceNow | 52 | Workday Hires:http, Split by Country:decision, ServiceNow User:http*, Welcome Mail:email
        EDI 850 Purchase Orders Inbound | 24 | Partner Mailbox:file, Read X12:transform, Order Queue:queue, Acknowledge 997:file
        EDI 856 Ship Notices Outbound | 31 | Shipments Today:database, Write X12:transform, Partner Mailbox:file*
        Invoice Matching EU | 140 | Open Invoices:database, Match Three Ways:transform, Post to Ledger:http*, Report Differences:email
        Product Catalogue to Storefront | 260 | Product Master:database, Enrich Texts:http, Storefront Upload:http*
        Nightly Ledger Export | 900 | Ledger Lines:database, Zip and Sign:file, Bank SFTP:file
        Stripe Payouts Reconciliation | 64 | Stripe Payouts:http, Match Payments:transform, Post to Ledger:http
        Warehouse Stock Sync | 12 | Stock Levels:http, Storefront Stock:http*
        Supplier Master Data | 180 | Supplier Changes:database, Check VAT Numbers:http*, Approve Changes:approval, Write to SAP:http
        Zendesk Tickets to Jira | 8 | New Tickets:http, Create Issue:http, Link Back:http
        Customer Consent Sync | 6 | Consent Events:queue, Profile Store:http, Mailing List:http
    """,
    "yandex": """
        order-fulfilment | 9 | reserve_stock:http, charge_card:http, pack_items:function*, notify_customer:http
        image-thumbnails | 3 | read_upload:file, resize:function*, write_index:database
        payment-webhooks | 1.2 | verify_signature:function, book_payment:database, publish_event:queue
        fraud-scoring | 2.4 | load_history:database, score:container, decide:decision, raise_case:http
        catalog-import | 320 | fetch_feed:http, validate_row:function*, upsert_rows:database
        delivery-notifications | 1.6 | find_route:http, render_text:function, send_sms:http
        speech-transcription | 140 | fetch_audio:file, transcribe_part:container*, join_text:function, notify_author:http
        invoice-ocr | 26 | read_scan:file, recognise:container, extract_fields:function, store_invoice:database
        nightly-backup-check | 600 | list_backups:file, restore_sample:container, compare_rows:database, report:http
        user-export | 75 | collect_profile:database, collect_orders:database, write_archive:file, mail_link:http
        cdn-invalidation | 4 | changed_pages:http, purge:http*
        certificate-renewal | 95 | order_certificate:http, wait_for_dns:http, install:function*
        subscription-billing | 210 | due_subscriptions:database, charge_one:http*, send_receipts:http
    """,
    "arcee": """
        Support Ticket Triage | 6 | classify:model, find_articles:http, draft_reply:model
        Contract Clause Review | 48 | split_clauses:transform, review_clause:model*, summarise:model
        Sales Call Summary | 21 | transcript:http, summary:model, action_items:model, write_to_crm:http
        Product Description Writer | 9 | attributes:http, write_text:model, check_claims:model
        Release Notes Draft | 14 | merged_changes:http, group:model, write_notes:model
        Competitor Briefing | 65 | search_web:http, read_page:http*, brief:model
        Invoice Data Extraction | 11 | read_pages:file, extract:model, check_totals:transform
        Candidate Screening Notes | 18 | read_cv:file, compare_with_role:model, notes:model
        Churn Risk Explainer | 7 | usage:database, explain:model
        FAQ Answer Drafts | 5 | question:transform, retrieve:http, answer:model
        Research Digest | 130 | new_papers:http, digest_one:model*, edit:model, send_digest:email
        Translation Review | 27 | translate:model, back_translate:model, compare:model
    """,
    "informer": """
        Inventory Dataset Refresh | 95 | Load Stock Rows:dataset, Send Stock Alert:email
        Monthly Revenue Workbook | 42 | Refresh Revenue:dataset, Build Workbook:export, Email Workbook:email
        Open Orders by Region | 17 | Refresh Open Orders:dataset, Email Region Managers:email*
        Customer Library Sync | 120 | Sync Customer Library:library, Notify Analysts:email
        Overdue Invoices Letter | 23 | Find Overdue Invoices:dataset, Email Letters:email*
        Warehouse Scorecard | 14 | Refresh Scorecard:dataset, Publish Scorecard:export
        Index Shared Files | 310 | Index Files:index
        Snapshot Cleanup | 5 | Remove Old Snapshots:cleanup
        Marketing Leads Export | 33 | Refresh Leads:dataset, Write Leads File:export, Upload Leads:api
        Payroll Variance Check | 61 | Refresh Payroll:dataset, Compare Periods:dataset, Email Controller:email
        Student Enrolment Summary | 28 | Refresh Enrolment:dataset, Email Deans:email
        Exchange Rates Import | 3 | Fetch Rates:api, Refresh Rates:dataset
    """,
    "sailpoint": """
        Joiner: Birthright Access | 14 | Get Identity:identity, Verify Data Type:decision, Request Access:access*, Send Email:email
        Leaver: Disable Accounts | 22 | Get Identity:identity, Get Accounts:access, Disable Account:access*, Notify Manager:email
        Mover: Review Access | 40 | Get Identity:identity, Compare Attributes:decision, Create Campaign:campaign, Send Email:email
        Dormant Account Sweep | 240 | Get List of Accounts:access, Check Last Login:decision*, Disable Account:access*
        Contractor End Date Reminder | 9 | Get List of Identities:identity, Send Email:email*
        Privileged Access Request | 90 | Get Access Item:access, Manager Decision:approval, Request Access:access, Send Email:email
        Separation of Duties Alert | 6 | Get Violation:http, Get Identity:identity, Post to Chat:http
        Source Aggregation Failed | 4 | Get Source:http, Open Ticket:http, Send Email:email
        Certification Reminder | 31 | Get Pending Reviews:campaign, Send Email:email*
        Orphaned Account Ticket | 8 | Get Account:access, Open Ticket:http
        Name Change | 11 | Get Identity:identity, Update Directory:http, Run Child Workflow:workflow
        Guest Access Expiry | 18 | Get List of Identities:identity, Revoke Access:access*, Send Email:email
    """,
}

_PASCAL = frozenset({"sailpoint"})  # steps are keyed getIdentity there


def workflows(provider: str) -> list[Workflow]:
    """The workflows of one provider; their ids never change."""
    lines = [line.strip() for line in _LINES[provider].strip().splitlines()]
    return [_workflow(provider, *line.split(" | "), rank=rank) for rank, line in enumerate(lines)]


def _workflow(provider: str, name: str, seconds: str, steps: str, *, rank: int) -> Workflow:
    uuid = uuid5(NAMESPACE_URL, f"{provider}/{name}")
    slug = name.lower().replace(":", "").replace(" ", "-").replace("/", "-")
    return Workflow(
        id=f"dfq{_letters(uuid.int, 17)}" if provider == "yandex" else str(uuid),
        name=name,
        description=f"{name}, kept by the operations team" if rank % 3 == 0 else "",
        steps=tuple(_step(provider, step) for step in steps.split(", ")),
        seconds=float(seconds),
        weight=3.0 / (1 + rank % 5),
        owner=("analytics", "finance", "operations", "people")[rank % 4],
        natural_id=f"{('analytics', 'finance', 'operations', 'people')[rank % 4]}:{slug}",
        created_at=1_705_312_800_000_000_000 + rank * 86_465_508_000_000,
    )


def _step(provider: str, text: str) -> StepPlan:
    name, kind = text.rstrip("*").rsplit(":", 1)
    words = name.split(" ")
    if provider in _PASCAL:
        key = words[0].lower() + "".join(word.title() for word in words[1:])
    else:
        key = "_".join(words).lower()
    return StepPlan(key=key, name=name, kind=kind, loops=text.endswith("*"))


def _letters(number: int, length: int) -> str:
    alphabet = "abcdefghijklmnopqrstuv0123456789"
    return "".join(alphabet[number >> 5 * place & 31] for place in range(length))
